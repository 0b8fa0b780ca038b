"""The expected speed of this machine, and its origin.

The best source is a stage of an earlier run on the same kind of machine with the same engine, number format
and model: its manifest and ledger show tokens per second and the share of `max_tokens` in a completion.
Otherwise a table is used that was measured on two CPU cores with SmolLM2-135M, by vector units, scaled by
cores and by the FLOPs per token. GPU speeds were not measured, and the estimate says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lab.engine.precision import CPU_BF16
from lab.formats import ledger
from lab.formats.manifest import manifests_in
from lab.run.cost.device import strength
from lab.system.machine import Machine, detect

REFERENCE_FLOPS = 0.27e9
"""FLOPs per generated token of SmolLM2-135M at a short context, for which the table holds."""

Units = Literal["bfloat16", "AVX-512", "AVX2 or less"]
PER_CORE: dict[Units, dict[str, float]] = {
    "bfloat16": {"vllm": 300.0, "vllm float32": 150.0, "hf": 40.0, "train": 110.0, "online": 95.0},
    "AVX-512": {"vllm": 150.0, "hf": 40.0, "train": 110.0, "online": 95.0},
    "AVX2 or less": {"vllm": 100.0, "hf": 40.0, "train": 50.0, "online": 45.0},
}
"""Tokens per second and core with SmolLM2-135M, by the processor's vector units: vLLM eager with 256
sequences, transformers, SFT in float32, and GRPO in float32 (prompts and answers, generated and trained on).
Training on AVX2 was not measured: it is scaled from AVX-512 by the peak of matrix products, 42 to 91 GFLOP/s
per core.
"""
EMULATED: dict[Units, float] = {"AVX-512": 40.0, "AVX2 or less": 1.0}
"""The same for a 16-bit format that the processor computes in software: AVX2 measured, AVX-512 from its
matrix products (21 GFLOP/s per core in bfloat16 without instructions for it, 89 in float32; with AVX2 0.9 and
90).
"""
PER_GPU = {"vllm": 20_000.0, "hf": 1_000.0, "train": 15_000.0, "online": 5_000.0}
"""The same for one A100; other GPUs are scaled by their peak. This is an assumption, not a measurement."""
FAKE, SERVER = 200_000.0, 600.0
LOADING = {"vllm": 25.0, "hf": 5.0, "openai": 1.0, "fake": 0.5, "train": 25.0, "online": 25.0}
TRAINED = ("train", "online")
"""Seconds until the first token: imports, weights, profiling."""


@dataclass(frozen=True, slots=True)
class Work:
    """The work: an engine's kind, or "train" and "online" (training on own samples); and its number
    format.
    """

    kind: str
    dtype: str = "float32"

    @classmethod
    def of(cls, engine: Any) -> Work:
        """From an engine's config without "auto"."""
        return cls(engine.kind, engine.number_format())


@dataclass(frozen=True, slots=True)
class Throughput:
    """Tokens per second, seconds to load, the used share of `max_tokens` (None: unknown), and the origin."""

    tokens_per_second: float
    loading: float
    likely: float | None
    origin: str


def rate_for(
    model: str, work: Work, runs: Path, machine: Machine, flops_per_token: float | None
) -> Throughput:
    """The speed of work with a model, from earlier runs if `machine` is this one, else from the table.

    Runs of the fake engine are not used, because its time is virtual.
    """
    known = work.kind != "fake" and machine.gpus == detect().gpus
    earlier = list(_learned(model, work, runs)) if known else []
    return earlier[-1] if earlier else tabled(work, machine, flops_per_token)


def tabled(work: Work, machine: Machine, flops_per_token: float | None) -> Throughput:
    """The value from the table, scaled to this machine and model."""
    loading = LOADING.get(work.kind, 10.0)
    if work.kind == "fake":
        return Throughput(FAKE, loading, None, "the fake engine: no model runs")
    if work.kind == "openai":
        return Throughput(
            SERVER,
            loading,
            None,
            f"assumed: {SERVER:,.0f} tokens/s, because the server's speed is not known",
        )
    heavier = (flops_per_token or REFERENCE_FLOPS) / REFERENCE_FLOPS
    if machine.gpus:
        one = PER_GPU.get(work.kind, 1_000.0) * strength(machine.gpus[0].name)
        origin = f"assumed for {machine.gpus[0].name}, not measured; corrected after the first run"
        return Throughput(one * len(machine.gpus) / heavier, 2 * loading, None, origin)
    cores = machine.physical_cores
    speed = _per_core(work, units_of(machine)) * max(1, min(cores, 32)) / heavier
    origin = f"measured on 2 cores with smollm2-135m, scaled to {cores} cores and this model"
    return Throughput(speed, loading, None, f"{work.dtype}; {origin}" if work.dtype else origin)


def units_of(machine: Machine) -> Units:
    """The column of the table: the processor's vector units."""
    if any(flag in machine.flags for flag in CPU_BF16):
        return "bfloat16"
    return "AVX-512" if "avx512f" in machine.flags else "AVX2 or less"


def _per_core(work: Work, units: Units) -> float:
    if work.dtype != "float32" and units != "bfloat16":
        return EMULATED[units]
    column = PER_CORE[units]
    return column.get(f"{work.kind} {work.dtype}", column.get(work.kind, 40.0))


def _learned(model: str, work: Work, runs: Path) -> Iterator[Throughput]:
    """Speeds of similar finished stages in the folder of runs, oldest first."""
    from lab.run.folders.provenance import hardware

    here = hardware()
    found = []
    for folder, manifest in manifests_in(runs):
        try:
            same = _alike(manifest, model, work) and manifest["hardware"] == here
            if same and (rate := _rate(folder, manifest, work.kind)):
                found.append((str(manifest["finished"]), rate))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    yield from (rate for _, rate in sorted(found, key=lambda pair: pair[0]))


def _alike(manifest: dict[str, Any], model: str, work: Work) -> bool:
    """Whether work and base model are the same; a stage without an engine is a training."""
    config = manifest["config"]
    if (engine := config.get("engine")) is not None:
        done = Work(engine.get("kind"), engine.get("dtype", ""))
    else:
        done = Work("online" if config.get("tasks") else "train")
    return bool(done == work and config.get("model") == model)


def _rate(folder: Path, manifest: dict[str, Any], kind: str) -> Throughput | None:
    """Tokens per second of one finished stage; None if it executed too little for an estimate."""
    import pyarrow.compute as pc

    columns = ["prompt_tokens", "completion_tokens", "seconds", ledger.SERVED_FROM]
    table = ledger.executed(ledger.read_ledger(folder / ledger.FILE, columns))
    tokens = pc.sum(table["completion_tokens"]).as_py() or 0
    if kind in TRAINED:
        tokens += pc.sum(table["prompt_tokens"]).as_py() or 0
    busy = pc.sum(table["seconds"]).as_py() or 0.0
    if tokens < 1000 or busy < 1:
        return None
    likely = None
    if kind not in TRAINED:
        most = manifest["config"]["sampling"]["max_tokens"]
        likely = min(1.0, tokens / table.num_rows / most)
    loading = (
        max(0.0, float(manifest["seconds"]) - busy) if manifest["attempts"] == 1 else LOADING.get(kind, 10)
    )
    return Throughput(tokens / busy, loading, likely, f"measured in {folder.parent.name}/{folder.name}")
