"""Every change that the lab makes to vLLM, and to torch on its behalf.

Each says which version it is for and why. tests/engine/vllm/test_patches.py fails when the installed vLLM no
longer needs one; then delete it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.system.instructions import level


@contextmanager
def process_groups_kept() -> Iterator[None]:
    """vLLM 0.32: an engine core that shuts down leaves the other engines their process groups.

    All engines of a process share them, and the shutdown of one tears them down.
    """
    from vllm.v1.engine import core

    cleanup = core.cleanup_dist_env_and_memory
    core.cleanup_dist_env_and_memory = lambda: None
    try:
        yield
    finally:
        core.cleanup_dist_env_and_memory = cleanup


def overlook_odd_objects() -> None:
    """vLLM 0.32: let it look through all modules although an object there has a `__dict__` that is none.

    Its CPU platform does so to replace kernels, and llvmlite's library (bm25s and numba load it) makes up
    whatever attribute it is asked for.
    """
    try:
        from vllm.triton_utils import dispatcher
    except ImportError:
        return
    looked: Any = dispatcher
    looked.vars = lambda value: held if hasattr(held := vars(value), "get") else {}


def keep_to_level() -> None:
    """vLLM 0.32: let it choose its kernels by LAB_CPU.

    It asks torch what the processor has, and torch knows no such limit.
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
    """vLLM 0.32: set torch's threads, and undo what its CPU worker does to the setter.

    It replaces `torch.set_num_threads` for the life of the process: nobody can change the number again.
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
