"""Each change to vLLM is still needed, read from its source: nothing of it is imported.

A failure here after an upgrade means: vLLM no longer needs the patch. Delete it from
lab/engine/vllm/patches.py.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

SPEC = find_spec("vllm")
pytestmark = pytest.mark.skipif(SPEC is None, reason="vLLM is not installed")


def source(*path: str) -> str:
    assert SPEC is not None
    assert SPEC.origin
    return Path(SPEC.origin).parent.joinpath(*path).read_text(encoding="utf-8")


def test_the_shutdown_of_one_core_takes_down_the_groups_of_all() -> None:
    """process_groups_kept."""
    text = source("v1", "engine", "core.py")
    shutdown = text.partition("    def shutdown(self")[2].partition("\n    def ")[0]
    assert "cleanup_dist_env_and_memory()" in shutdown, "process_groups_kept can go"


def test_every_object_of_every_module_is_asked_for_its_dict() -> None:
    """overlook_odd_objects."""
    assert 'vars(value).get("kernel")' in source("triton_utils", "dispatcher.py"), (
        "overlook_odd_objects can go"
    )


def test_kernels_are_chosen_by_what_torch_says() -> None:
    """keep_to_level."""
    text = source("v1", "attention", "backends", "cpu_attn.py")
    assert "torch.cpu._is_amx_tile_supported()" in text, "keep_to_level can go"


def test_the_worker_replaces_the_setter_of_threads() -> None:
    """torch_threads."""
    text = source("v1", "worker", "cpu_worker.py")
    assert "torch.set_num_threads = " in text, "the second half of torch_threads can go"
