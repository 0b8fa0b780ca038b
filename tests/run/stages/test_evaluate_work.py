"""The work of an evaluate stage from a recipe: in parts it has the bytes of the stage's own run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from in_parts import in_parts

from lab.core.bank.store import Bank
from lab.core.scheduling.scheduler import run_plans
from lab.core.scheduling.split import SplitWork
from lab.formats import manifest
from lab.models.resolve import resolve
from lab.run.execution.assignment import Assignment, context_of
from lab.run.stages.drawing import opened
from lab.system.progress import Quiet

RECIPE = """
name: r
engine: {kind: fake, latency_order: shuffled, fail_rate: 0.05}
stages:
  all:
    kind: evaluate
    model: tiny
    models: {judge: {model: tiny}}
    dev: 3
    max_failed: 1
    tasks:
      - {kind: reasoning_gym, dataset: chain_sum, limit: 5}
      - {kind: reasoning_gym, dataset: gcd, limit: 4, options: {max_numbers: 2, max_value: 9}}
    strategies:
      - {kind: sample, n: 4}
      - {kind: best_of_n, n: 4, scorer: {kind: reward_model, model: judge}}
      - {kind: cascade, threshold: learn}
"""


def test_parts_have_the_bytes_of_the_stages_own_run(tmp_path: Path) -> None:
    weights = resolve("tiny")

    def made(folder: str) -> tuple[Any, Any]:
        out = tmp_path / folder / "r" / "all"
        out.mkdir(parents=True, exist_ok=True)
        rest = (out, tmp_path / folder, {}, weights, RECIPE, {"judge": weights})
        return context_of(Assignment(RECIPE, "all", *rest), Quiet())

    stage, context = made("one")
    stage.run(context)
    whole = context.out
    stage, context = made("parts")
    assert stage.learns
    with opened(stage, context) as parts:
        stage.learn(context, parts)
        sizes = parts.sizes
        scheduler: dict[str, Any] = {"flops": parts.flops, "models": parts.models, "run_seed": context.seed}

        def run(*jobs: Any, **more: Any) -> Any:
            return run_plans(*jobs, engine=parts.engine, bank=Bank(":memory:"), **scheduler, **more)

        def work() -> SplitWork[Any, Any]:
            return stage.work(context, sizes)

        in_parts(work, context.out, run, 2)
    for path in whole.iterdir():
        assert path.read_bytes() == (context.out / path.name).read_bytes(), path.name
    driver = stage.work(context, {})
    assert (driver.total, driver.notes()) == (27, manifest.read_notes(whole))
