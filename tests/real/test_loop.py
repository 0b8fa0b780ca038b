"""The main job, small, on the real parts: SmolLM2 on vLLM generates, TRL trains, both are evaluated."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

RECIPE = """
name: real-smoke
seed: 0
stages:
  corpus:
    kind: generate
    model: smollm2-135m
    tasks: [&task {kind: reasoning_gym, dataset: gcd, options: {max_value: 20}, limit: 24, max_tokens: 48}]
    method: {kind: rejection_sampling, samples: 8}
  tuned:
    kind: train
    model: smollm2-135m
    data: corpus
    method: {kind: sft, epochs: 1, batch_size: 4, learning_rate: 2.0e-5}
  before: &evaluation
    kind: evaluate
    model: smollm2-135m
    tasks: [{<<: *task, limit: 8}]
    strategies:
      - {kind: greedy}
      - {kind: sample, n: 4}
      - {kind: self_consistency, n: 4}
      - {kind: best_of_n, n: 4}
  after: {<<: *evaluation, model: tuned}
  report: {kind: report, of: [before, after]}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run's folder."""
    folder = tmp_path_factory.mktemp("loop")
    (folder / "recipe.yaml").write_text(RECIPE)
    command = [
        sys.executable,
        "-m",
        "lab",
        "run",
        str(folder / "recipe.yaml"),
        "--runs",
        str(folder / "runs"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=840, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "runs" / "real-smoke"


def stage(run: Path, name: str) -> Path:
    return run / json.loads((run / "run.json").read_text())["stages"][name]


def points(folder: Path) -> list[dict[str, object]]:
    """The rows of points.csv, numbers as numbers."""
    with (folder / "points.csv").open() as file:
        return [{key: number(text) for key, text in row.items()} for row in csv.DictReader(file)]


def number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_the_corpus_is_verified_and_opens_as_a_dataset(run):
    from datasets import load_dataset

    corpus = load_dataset(str(stage(run, "corpus")), split="train")
    audit = json.loads((stage(run, "corpus") / "audit.json").read_text())
    assert len(corpus) > 0
    assert corpus[0]["completion"][0]["role"] == "assistant"
    assert audit


def test_training_changed_the_model_and_charged_for_it(run):
    tuned = stage(run, "tuned")
    losses = [json.loads(line)["loss"] for line in (tuned / "metrics.jsonl").read_text().splitlines()]
    assert losses
    assert all(0 < loss < 10 for loss in losses)
    assert sum(pq.read_table(tuned / "ledger.parquet")["flops_logical"].to_pylist()) > 1e9


def test_ledger_equals_what_the_engine_emitted(run):
    """What the stages say they executed is what the bank received, token for token."""
    import sqlite3

    from lab.core.bank.entry import read

    executed = 0
    for name in ("corpus", "before", "after"):
        rows = pq.read_table(stage(run, name) / "ledger.parquet").to_pylist()
        executed += sum(r["completion_tokens"] for r in rows if r["served_from"] == "engine")
    with sqlite3.connect(run.parent / "bank.sqlite") as db:
        values = db.execute("SELECT value FROM completions").fetchall()
    emitted = [read(value[0])[0] for value in values]
    assert (
        executed == sum(c.usage.completion_tokens for c in emitted) == sum(len(c.token_ids) for c in emitted)
    )


def test_the_report_is_there_and_its_points_are_the_stages_points(run):
    report = stage(run, "report")
    own = [row for name in ("before", "after") for row in points(stage(run, name))]
    assert points(report) == own
    assert own
    assert (report / "curves.png").stat().st_size > 10_000
    assert "<html" in (report / "report.html").read_text()[:500].lower()
