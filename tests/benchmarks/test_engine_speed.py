"""How fast the lab generates, against a hand-written loop, vllm.LLM and transformers, in one run.

Each way runs alone in a process of its own on the same work (see engine_variants.py). The table is printed
and written as JSON to $LAB_BENCH (default build/bench)/engine_speed.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.models import resolve
from lab.system.files import write_atomic
from lab.system.machine import detect

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
SCRIPT = Path(__file__).with_name("engine_variants.py")
WAYS = ("gemm", "loop", "lab", "llm", "transformers")
OF_LOOP, OF_LLM = 0.95, 1.8
"""The least the lab must reach: of a hand-written loop's tokens/s, and times vllm.LLM's."""


def run(way: str, model: Path) -> dict[str, Any]:
    """One way in a fresh process with none of vLLM's or OpenMP's settings inherited."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VLLM", "OMP", "MKL", "GOMP"))}
    if way.startswith("llm"):
        environment["VLLM_CPU_KVCACHE_SPACE"] = "4"  # its default is 0.9 of the whole machine's memory
    command = [sys.executable, str(SCRIPT), way, str(model)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
    assert done.returncode == 0, f"{way}: {done.stderr[-3000:]}"
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    print(way, lines[-1], flush=True)
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_the_lab_keeps_up_with_a_loop_and_beats_the_defaults() -> None:
    model = resolve("smollm2-135m").path
    found = {way: run(way, model) for way in WAYS}
    limit = found.pop("gemm")
    peak, dtype = limit["flops"], limit["dtype"]
    rates = {way: result["tokens"] / result["seconds"] for way, result in found.items()}
    used = found["lab"]["flops"] / found["lab"]["seconds"]
    machine = detect()
    report = {
        "tokens_per_second": rates,
        "runs": found,
        "gemm_peak_flops": peak,
        "lab_flops": used,
        "lab_of_peak": used / peak,
        "dtype": dtype,
        "cpu": machine.cpu,
        "flags": list(machine.flags),
        "cores": machine.physical_cores,
    }
    folder = Path(os.environ.get("LAB_BENCH", "build/bench"))
    write_atomic(folder / "engine_speed.json", json.dumps(report, indent=2))
    for way, rate in rates.items():
        tokens, seconds = found[way]["tokens"], found[way]["seconds"]
        print(f"{way:14} {rate:8.1f} tokens/s   {tokens:6} tokens in {seconds:6.1f} s")
    print(f"lab: {used / 1e9:.0f} of {peak / 1e9:.0f} GFLOP/s ({used / peak:.0%} of the {dtype} peak)")
    assert rates["lab"] >= OF_LOOP * rates["loop"], report
    assert rates["lab"] >= OF_LLM * rates["llm"], report
