"""How fast this machine multiplies matrices: what no engine can exceed, and what types of number compare by.

`python -m lab.core.peak` measures it in a process of its own, which takes some seconds, and prints one line
of JSON: FLOP/s by type. A type that is computed in software is given up on after its first product.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from lab.core.machine import detect
from lab.core.threads import computing_environment

ROWS, INNER, COLUMNS = 1024, 2048, 2048
"""The product measured: (ROWS, INNER) by (INNER, COLUMNS), as large as a layer's at a batch of 1,024."""
ROUNDS, PRODUCTS = 5, 4
SLOW = 1.0
"""Seconds of one small product from which on a type is not measured further."""
TYPES = ("float32", "bfloat16")


def gemm_peak(dtype: str) -> float:
    """FLOP/s of matrix products in this process, with the threads torch has: the best of a few rounds."""
    import torch

    kind = getattr(torch, dtype)
    left, right = torch.randn(ROWS, INNER).to(kind), torch.randn(INNER, COLUMNS).to(kind)
    small = ROWS // 16
    first = _seconds(lambda: left[:small] @ right)
    if first > SLOW:
        return 2 * small * INNER * COLUMNS / first
    seconds = min(_seconds(lambda: [left @ right for _ in range(PRODUCTS)]) for _ in range(ROUNDS))
    return 2 * ROWS * INNER * COLUMNS * PRODUCTS / seconds


def measured() -> dict[str, float]:
    """FLOP/s by type, measured in a process of its own. Raises SubprocessError where torch does not load."""
    command = [sys.executable, "-m", "lab.core.peak"]
    env = computing_environment(detect().physical_cores)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=env)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps({dtype: gemm_peak(dtype) for dtype in TYPES}))
