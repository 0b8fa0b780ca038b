"""What many problems in flight bring tree searches, whose levels wait for their own steps only.

A level of one beam search is a handful of requests; the scheduler fills the engine's batch with other
problems' levels. Each method runs on one engine, each run with a fresh bank and problems not seen before: a
few one after the other (`run_plans` on one job each), then 64 at once. Compared per generated token and per
problem; printed and written to $LAB_BENCH (default build/bench)/tree_throughput.json.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.strategies import BeamSearch, Dvts, Mcts
from eval.strategies.base import StrategyComponent
from lab.core.bank.store import Bank
from lab.core.flops.reading import read_flops
from lab.core.protocols import Engine
from lab.core.scheduling.scheduler import Job, Outcome, run_plans
from lab.core.types import Answer, Question, Sampling
from lab.formats.ledger import LedgerWriter
from lab.models import resolve
from lab.system.files import write_atomic
from lab.system.machine import detect

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]
TOGETHER, ALONE = 64, 8
METHODS: dict[str, StrategyComponent] = {"beam": BeamSearch(n=4), "dvts": Dvts(n=4), "mcts": Mcts(n=4)}
SAMPLING = Sampling(temperature=0.8, max_tokens=48)
LEAST = 1.5
"""How many times the one-at-a-time tokens/s each method must reach on a machine of any size."""


def question(number: int) -> Question:
    """A word problem that a model answers in several lines."""
    a, b, c = number % 17 + 3, number % 11 + 2, number % 7 + 2
    text = (
        f"Box {number} holds {a} pens. Ann adds {b} packs of {c} pens. How many pens are in the box? "
        "Think step by step, one short step a line."
    )
    return Question(f"pens/{number}", ({"role": "user", "content": text},), SAMPLING)


class Bench:
    """One engine; every run has a bank and a ledger of its own."""

    def __init__(self, folder: Path) -> None:
        from lab.engine import VllmConfig

        weights = resolve("smollm2-135m")
        self.engine: Engine = VllmConfig().open(weights, expected_tokens=0)
        self.flops = read_flops(json.loads((weights.path / "config.json").read_text()))
        self.folder, self.runs = folder, 0

    def run(self, strategy: StrategyComponent, groups: Sequence[Sequence[int]]) -> dict[str, float]:
        """Groups of problems one after the other, the problems of a group in flight together."""
        self.runs += 1
        bank = Bank(self.folder / f"bank-{self.runs}.sqlite")
        outcomes: list[Outcome[Answer]] = []
        ledger_path = self.folder / f"ledger-{self.runs}.parquet"
        with LedgerWriter(ledger_path, run="r", stage=str(self.runs), model="m") as ledger:
            started = time.perf_counter()
            for group in groups:
                jobs = [Job(question(i).id, strategy.label, strategy.plan(question(i))) for i in group]
                outcomes += run_plans(
                    jobs, self.engine, bank=bank, ledger=ledger, flops=self.flops, run_seed=0
                )
            seconds = time.perf_counter() - started
        bank.close()
        assert not [o.error for o in outcomes if o.error]
        tokens = sum(o.cost.completion_tokens for o in outcomes)
        steps = sum(o.result.trace["steps"] for o in outcomes if o.result)
        return {
            "problems": len(outcomes),
            "seconds": seconds,
            "tokens": tokens,
            "tokens_per_second": tokens / seconds,
            "seconds_per_problem": seconds / len(outcomes),
            "steps_per_problem": steps / len(outcomes),
            "requests": sum(o.cost.requests for o in outcomes),
        }


def test_many_problems_in_flight_against_one_at_a_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    found: dict[str, Any] = {}
    try:
        bench.run(METHODS["beam"], [[9000, 9001]])  # warm up
        for at, (name, strategy) in enumerate(METHODS.items()):
            first = 1000 * at
            alone = bench.run(strategy, [[first + i] for i in range(ALONE)])
            together = bench.run(strategy, [range(first + 100, first + 100 + TOGETHER)])
            found[name] = {"alone": alone, "together": together, "ratios": ratios(alone, together)}
            print(json.dumps({name: found[name]}), flush=True)
    finally:
        bench.engine.close()
    machine = detect()
    report = {"methods": found, "capacity": bench.engine.capacity, "cpu": machine.cpu}
    report |= {"cores": machine.physical_cores, "max_tokens": SAMPLING.max_tokens}
    folder = Path(os.environ.get("LAB_BENCH", "build/bench"))
    write_atomic(folder / "tree_throughput.json", json.dumps(report, indent=2))
    print(f"\nmethod   alone tok/s   {TOGETHER} in flight tok/s   ratio   seconds a problem   ratio")
    for name, row in found.items():
        alone, together, ratio = row["alone"], row["together"], row["ratios"]
        print(
            f"{name:8} {alone['tokens_per_second']:11.1f} {together['tokens_per_second']:21.1f} "
            f"{ratio['tokens_per_second']:7.2f} {alone['seconds_per_problem']:9.2f} ->"
            f" {together['seconds_per_problem']:5.2f} {ratio['problems_per_second']:7.2f}"
        )
    assert all(row["ratios"]["tokens_per_second"] >= LEAST for row in found.values()), found


def ratios(alone: dict[str, float], together: dict[str, float]) -> dict[str, float]:
    """How many times faster many in flight are."""
    return {
        "tokens_per_second": together["tokens_per_second"] / alone["tokens_per_second"],
        "problems_per_second": alone["seconds_per_problem"] / together["seconds_per_problem"],
    }
