"""`--keep-going`: one stage that fails does not take the others with it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from lab.run.cli import app

RECIPE = """name: going
engine: {kind: fake}
stages:
  nothing:
    kind: generate
    model: tiny
    tasks: [&task {kind: reasoning_gym, dataset: chain_sum, limit: 4}]
    method: {kind: rejection_sampling, samples: 2}
    filters: [{kind: length, min_chars: 100000}]
  tuned: {kind: train, model: tiny, data: nothing, method: {kind: sft}}
  before: &way {kind: evaluate, model: tiny, tasks: [*task], strategies: [{kind: greedy}]}
  after: {<<: *way, model: tuned}
  both: {kind: report, of: [before, after]}
  none: {kind: report, of: [after]}
"""


def run(tmp_path: Path, *more: str) -> tuple[int, str]:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    done = CliRunner().invoke(app, ["run", str(recipe), "--runs", str(tmp_path / "runs"), *more])
    return done.exit_code, " ".join(done.output.split())


def test_a_failing_stage_ends_the_run(tmp_path: Path) -> None:
    code, output = run(tmp_path)
    assert code == 1
    assert "no example was kept" in output
    assert not list((tmp_path / "runs" / "going").glob("before-*"))


def test_with_keep_going_it_is_left_out_with_what_reads_it(tmp_path: Path) -> None:
    code, output = run(tmp_path, "--keep-going")
    assert code == 1, "it is not forgotten"
    assert "1 failed: stage nothing: no example was kept" in output
    manifests = (tmp_path / "runs" / "going").glob("*/manifest.json")
    assert {path.parent.name.rpartition("-")[0] for path in manifests} == {"before", "both"}
    (report,) = (tmp_path / "runs" / "going").glob("both-*/summary.json")
    assert [stage["stage"] for stage in json.loads(report.read_text())["stages"]] == ["before"]
