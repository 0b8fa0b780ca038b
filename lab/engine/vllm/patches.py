"""Every change that the lab makes to vLLM, and to torch because of vLLM.

Each has the version it is for and the reason. tests/engine/vllm/test_patches.py fails when the installed vLLM
no longer needs one; then delete it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.system.processor import level


@contextmanager
def process_groups_kept() -> Iterator[None]:
    """vLLM 0.32: keeps the process groups of the other engines when an engine core shuts down.

    All engines of a process share them, and the shutdown of one destroys them.
    """
    from vllm.v1.engine import core

    cleanup = core.cleanup_dist_env_and_memory
    core.cleanup_dist_env_and_memory = lambda: None
    try:
        yield
    finally:
        core.cleanup_dist_env_and_memory = cleanup


def overlook_odd_objects() -> None:
    """vLLM 0.32: lets it search all modules even if an object there has an invalid `__dict__`.

    Its CPU platform searches them to replace kernels, and llvmlite's library (loaded by bm25s and numba)
    returns something for every attribute.
    """
    try:
        from vllm.triton_utils import dispatcher
    except ImportError:
        return
    looked: Any = dispatcher
    looked.vars = lambda value: held if hasattr(held := vars(value), "get") else {}


def keep_to_level() -> None:
    """vLLM 0.32: lets it choose its kernels by LAB_CPU.

    It asks torch for the features of the processor, and torch does not know this limit.
    """
    if not level():
        return
    import torch

    absent = ["_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_amx_fp16_supported"]
    absent += ["_is_avx512_supported", "_is_vnni_supported"] if level() == "avx2" else []
    for name in absent:
        if hasattr(torch.cpu, name):
            setattr(torch.cpu, name, lambda: False)


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """vLLM 0.32: sets torch's threads, and undoes the replacement of the setter by vLLM's CPU worker.

    It replaces `torch.set_num_threads` permanently, so that the number could not be changed again.
    """
    if threads == 0:
        yield
        return
    import torch

    setter = torch.set_num_threads
    setter(threads)
    try:
        yield
    finally:
        torch.set_num_threads = setter
