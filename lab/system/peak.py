"""The peak speed of matrix products on this machine, by number format.

`python -m lab.system.peak` measures it in its own process, which takes a few seconds, and prints one line of
JSON: FLOP/s by number format (with suffix `cuda` for those of the GPU). A format that is computed in software
is abandoned after its first product. On a CPU the time is that of the threads while they compute, so that
other work does not lower the result. Results are cached on the machine; the highest one is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.system.files import digest_of, private_folder, read_json, write_atomic
from lab.system.machine import Machine, detect
from lab.system.paths import cache_folder
from lab.system.processor import computing_environment

ROWS, INNER, COLUMNS = 1024, 2048, 2048
"""The product measured: (ROWS, INNER) by (INNER, COLUMNS), as large as a layer's at a batch of 1,024."""
GPU = 8
"""On a GPU each side is multiplied by this factor, because smaller products do not use it fully."""
ROUNDS, PRODUCTS = 5, 4
SLOW = 1.0
"""If one small product takes this many seconds, the number format is not measured further."""
TYPES = ("float32", "bfloat16", "float16")


def gemm_peak(dtype: str, device: str = "cpu") -> float:
    """FLOP/s of matrix products in this process, with torch's current threads: the best of a few rounds."""
    import torch

    kind, longer = getattr(torch, dtype), GPU if device == "cuda" else 1
    rows, inner, columns = ROWS * longer, INNER * longer, COLUMNS * longer
    left = torch.randn(rows, inner, device=device).to(kind)
    right = torch.randn(inner, columns, device=device).to(kind)
    small = rows // 16
    started = time.perf_counter()
    _seconds(lambda: left[:small] @ right, device)
    if (first := time.perf_counter() - started) > SLOW:
        return 2 * small * inner * columns / first
    seconds = min(_seconds(lambda: [left @ right for _ in range(PRODUCTS)], device) for _ in range(ROUNDS))
    return 2 * rows * inner * columns * PRODUCTS / seconds


def measured(device: str = "cpu") -> dict[str, float]:
    """FLOP/s by number format, measured in its own process. Raises SubprocessError if torch does not load."""
    machine = detect()
    command = [sys.executable, "-m", "lab.system.peak", device]
    env = computing_environment(machine.physical_cores)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=env)
    found: dict[str, float] = json.loads(done.stdout)
    _remember(_place(machine, device), found)
    return found


def known_peak(dtype: str, device: str = "cpu", *, measure: bool = True) -> float | None:
    """FLOP/s of this machine in this number format, measured once; None if it cannot be (or should not be)
    measured.
    """
    place = _place(detect(), device)
    if dtype not in TYPES:
        return None
    if measure and dtype not in _remembered(place):
        try:
            measured(device)
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
    return _remembered(place).get(dtype)


def _place(machine: Machine, device: str) -> Path:
    """The cache path of this machine's results."""
    what = [machine.cpu, machine.physical_cores, list(machine.flags), [g.name for g in machine.gpus], device]
    return cache_folder() / "peak" / f"{digest_of(what)[:32]}.json"


def _remembered(place: Path) -> dict[str, float]:
    try:
        return {str(dtype): float(speed) for dtype, speed in dict(read_json(place)).items()}
    except (OSError, ValueError, TypeError):
        return {}


def _remember(place: Path, found: dict[str, float]) -> None:
    before = _remembered(place)
    highest = {dtype: max(speed, before.get(dtype, 0.0)) for dtype, speed in found.items()}
    with suppress(OSError):
        private_folder(place.parent)
        write_atomic(place, json.dumps(highest))


def _seconds(work: Callable[[], Any], device: str) -> float:
    """Seconds of the work: on a GPU, which is synchronised, by the clock.

    On a CPU, the threads' own time divided among them: by the clock it would be longer if other programs use
    the processor in between.
    """
    import torch

    started, busy = time.perf_counter(), time.process_time()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter() - started
    own = (time.process_time() - busy) / int(torch.get_num_threads())
    return min(time.perf_counter() - started, own)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    print(json.dumps({dtype: gemm_peak(dtype, where) for dtype in TYPES}))
