"""How a process that computes uses the processor: its instructions, its threads.

`LAB_CPU=avx2` makes a newer x86 machine compute like an older one: for seeing what a recipe does, and how
long it takes, on a kind of machine one does not have, and for getting its numbers, since kernels of different
widths round differently. `detect` then reports no more than that level, so that `auto` chooses as it would
there, and the libraries are told to use no more.

Threads sleep while they wait, and there are no more of them than cores. By default OpenMP's threads spin
while they wait for each other, which starves whatever else runs on the same cores, two trainings of the lab
for instance. The settings are read when torch (or another library built with OpenMP) is first imported, so
they must be in the environment of the process by then.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from lab.errors import InputError, nearest

VARIABLE = "LAB_CPU"
LEVELS = {"avx2": ("avx2", "fma"), "avx512": ("avx2", "fma", "avx512f", "avx512bw", "avx512_vnni")}
"""The instructions that remain at a level: AVX2 alone (most laptops), or AVX-512 without bfloat16."""
LIBRARIES = {
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
}
"""Settings of oneDNN, torch's own kernels and MKL, read when they are loaded."""


def level() -> str:
    """The chosen level; "" for no limit. Raises InputError for an unknown name."""
    asked = os.environ.get(VARIABLE, "")
    if asked and asked not in LEVELS:
        message = f"'{asked}' is not a level; expected one of {', '.join(LEVELS)}." + nearest(asked, LEVELS)
        raise InputError(message, where=f"the environment variable {VARIABLE}")
    return asked


def usable(flags: Iterable[str]) -> tuple[str, ...]:
    """The processor's flags that may be used."""
    asked = level()
    return tuple(flag for flag in flags if not asked or flag in LEVELS[asked])


def library_settings() -> dict[str, str]:
    """Environment variables that limit the libraries to the level; none if there is no limit."""
    asked = level()
    return dict(LIBRARIES[asked]) if asked else {}


SLEEPING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""For every OpenMP; for GNU's, which torch brings on Linux; for LLVM's and Intel's, elsewhere."""


def computing_environment(cores: int) -> dict[str, str]:
    """The environment for a process that computes on `cores` cores.

    How threads wait is taken from the caller's environment if set; the number of threads is not, because
    launchers set it to 1.
    """
    return {**SLEEPING, **os.environ, **_threads(cores), **library_settings()}


def added_environment(cores: int) -> dict[str, str]:
    """The part of it that the lab decides, for a process on another machine."""
    return {**SLEEPING, **_threads(cores), **library_settings()}


def _threads(cores: int) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(cores), "MKL_NUM_THREADS": str(cores)}


def sleep_while_waiting() -> None:
    """The same for this process, in which torch must not be imported yet."""
    for name, value in {**SLEEPING, **library_settings()}.items():
        os.environ.setdefault(name, value)
