"""From a train stage's folder to how it went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.core.ledger import LedgerRow
from lab.formats.ledger import LedgerWriter
from lab.run.folders.training_history import training_runs

LINE = {"learning_rate": 1e-5, "grad_norm": None, "epoch": 0.5, "forwarded_tokens": 0, "flops": 9.0}
ROWS = [
    {"step": 1, "loss": 1.5, "reward": 0.25, "tokens": 40, "trained_tokens": 10, "drawn_tokens": 7, **LINE},
    {"step": 1, "eval_loss": 1.25, "tokens": 40, "trained_tokens": 0, "flops": 1.0, "seconds": 2.0},
    {"step": 2, "loss": 1.0, "reward": float("nan"), "tokens": 80, "trained_tokens": 20, **LINE},
]


def stage(run: Path, name: str, kind: str, inputs: dict[str, str], trainer: str = "") -> Path:
    folder = run / f"{name}-1"
    folder.mkdir(parents=True)
    manifest = {"output": "x", "stage": name, "kind": kind, "inputs": inputs}
    manifest |= {"config": {"method": {"kind": trainer}, "seed": 1}, "model": next(iter(inputs), "tiny")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def charged(tag: str, shared: float) -> LedgerRow:
    costs = {"flops_logical": 99.0, "flops_shared": shared, "flops_engine": 99.0, "seconds": 1.0}
    head: dict[str, Any] = {"model": "m", "problem": "step-1", "strategy": "grpo", "role": "train"}
    tokens = {"prompt_tokens": 1, "shared_tokens": 0, "cached_tokens": 0, "completion_tokens": 1}
    return LedgerRow(**head, tag=tag, index=1, **tokens, **costs, served_from="engine", finish_reason="stop")


def trained(run: Path, name: str, inputs: dict[str, str], trainer: str, rollouts: bool) -> Path:
    folder = stage(run, name, "train", inputs, trainer)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    record = {"examples": 4, "steps": 2, "tokens": 80, "trained_tokens": 30, "flops": 1e9, "loss": 1.0}
    (folder / "train.json").write_text(json.dumps(record | {"seconds": 5.0, "peak_memory": 2**20}))
    with LedgerWriter(folder / "ledger.parquet", run="r", stage=name, model="m") as ledger:
        ledger.extend([charged(trainer, 6.0), *([charged("rollout", 4.0)] if rollouts else [])])
    return folder


def test_every_training_behind_the_stage_and_the_models_it_scores_with(tmp_path):
    stage(tmp_path, "corpus", "generate", {})
    trained(tmp_path, "first.s1", {"corpus": "corpus-1"}, "sft", rollouts=False)
    trained(tmp_path, "second", {"first.s1": "first.s1-1"}, "grpo", rollouts=True)
    trained(tmp_path, "judge", {"corpus": "corpus-1"}, "reward", rollouts=False)
    trained(tmp_path, "unused", {"corpus": "corpus-1"}, "sft", rollouts=False)
    after = stage(tmp_path, "after", "evaluate", {"second": "second-1", "judge": "judge-1"})
    first, second, judge = training_runs(after)
    assert [(c.name, c.series, c.trainer) for c in (first, second, judge)] == [
        ("first.s1", "first", "sft"),
        ("second", "second", "grpo"),
        ("judge", "judge", "reward"),
    ]
    assert (first.flops, first.generation_flops) == (6.0, None)
    assert (second.flops, second.generation_flops) == (10.0, 4.0), "at the same level as amortised curves"
    assert (first.examples, first.steps, first.tokens, first.seen) == (4, 2, 30, 80)
    assert (first.seconds, first.peak_memory, first.loss) == (5.0, 2**20, 1.0)


def test_metrics_are_the_trainers_own_by_steps_and_by_tokens(tmp_path):
    trained(tmp_path, "tuned", {}, "sft", rollouts=False)
    (found,) = training_runs(stage(tmp_path, "after", "evaluate", {"tuned": "tuned-1"}))
    assert set(found.metrics) == {"loss", "eval_loss", "reward", "learning_rate"}
    assert [(m.step, m.tokens, m.value) for m in found.metrics["loss"]] == [(1, 10, 1.5), (2, 30, 1.0)]
    assert [(m.step, m.tokens) for m in found.metrics["eval_loss"]] == [(1, 10)]
    assert len(found.metrics["reward"]) == 1, "what is not finite has no place in a plot"


def test_an_untrained_model_has_none(tmp_path):
    assert training_runs(stage(tmp_path, "base", "evaluate", {})) == ()
