"""Threads that sleep while they wait, and no more of them than cores: what processes that compute are given.

By default OpenMP's threads spin while they wait for each other, which starves whatever else runs on the same
cores, two trainings of the lab for instance. The settings are read when torch (or another library built with
OpenMP) is first imported, so they must be in the environment of the process by then.
"""

from __future__ import annotations

import os

from lab.system.instructions import library_settings

SLEEPING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""For every OpenMP; for GNU's, which torch brings on Linux; for LLVM's and Intel's, elsewhere."""


def computing_environment(cores: int) -> dict[str, str]:
    """The environment for a process that computes on `cores` cores.

    How to wait is as the caller's environment has it; how many threads is not, since launchers set it to 1.
    """
    threads = {"OMP_NUM_THREADS": str(cores), "MKL_NUM_THREADS": str(cores)}
    return {**SLEEPING, **os.environ, **threads, **library_settings()}


def sleep_while_waiting() -> None:
    """The same for this process, which has not imported torch yet."""
    for name, value in {**SLEEPING, **library_settings()}.items():
        os.environ.setdefault(name, value)
