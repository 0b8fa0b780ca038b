"""The efficiency of a stage: FLOPs executed per second, divided by the machine's peak in matrix products.

Executed FLOPs are those that an engine (or a training) computed, without what its own cache saved and without
samples from the bank. The seconds are those in which the engine was busy, without loading. The peak is
measured on this machine in the number format that was used (`lab.system.peak`); it is unknown for a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.formats import ledger
from lab.system.machine import Machine

LOCAL = ("vllm", "hf")
"""Engines that compute on this machine."""
SHORT = 5.0
"""If a stage was busy for fewer seconds, the peak is taken from the cache but not measured."""


def efficiency(folder: Path, dtype: str | None, machine: Machine) -> dict[str, Any]:
    """`flops` executed in `seconds` busy, per second, the peak in `dtype`, and the `share` of it in [0, 1].

    None if a part is unknown, or `dtype` if nothing was computed here. Reads the stage's ledgers.
    """
    flops, seconds = _executed(folder)
    speed = flops / seconds if flops is not None and seconds else None
    peak = _peak(dtype, machine, measure=seconds >= SHORT) if dtype and speed else None
    share = speed / peak if speed and peak else None
    return {
        "flops": flops,
        "seconds": seconds,
        "flops_per_second": speed,
        "dtype": dtype,
        "peak_flops_per_second": peak,
        "share": share,
    }


def said(found: Any) -> str:
    """The share in words; "" if it is unknown, as in older manifests."""
    if not isinstance(found, dict) or not found.get("share"):
        return ""
    peak = found["peak_flops_per_second"] / 1e9
    return f"{found['share']:.0%} of {peak:,.0f} GFLOP/s ({found['dtype']})"


def _executed(folder: Path) -> tuple[float | None, float]:
    """FLOPs (None: a part is unknown) and seconds of all that was executed for a stage."""
    import pyarrow.compute as pc

    flops: float | None = 0.0
    seconds = 0.0
    for path in sorted(folder.glob(ledger.FILES)):
        columns = ["flops_engine", "seconds", ledger.SERVED_FROM]
        table = ledger.executed(ledger.read_ledger(path, columns))
        seconds += pc.sum(table["seconds"]).as_py() or 0.0
        column = table["flops_engine"]
        flops = None if flops is None or column.null_count else flops + (pc.sum(column).as_py() or 0.0)
    return flops, seconds


def engine_dtype(engine: Mapping[str, Any]) -> str | None:
    """The number format in which an engine computes here, from its settled configuration; None for one
    elsewhere.
    """
    return engine.get("dtype") if engine.get("kind") in LOCAL else None


def training_dtype(arguments: Mapping[str, Any], machine: Machine) -> str:
    """bfloat16 on a GPU that supports it, or if the trainer's arguments say so, else float32."""
    from lab.engine.precision import best_dtype

    by_itself = bool(machine.gpus) and best_dtype(machine, "cuda")[0] == "bfloat16"
    return "bfloat16" if arguments.get("bf16", by_itself) else "float32"


def _peak(dtype: str, machine: Machine, *, measure: bool) -> float | None:
    from lab.system.peak import known_peak

    return known_peak(dtype, "cuda" if machine.gpus else "cpu", measure=measure)
