"""`lab run --redo` begins a stage anew; `lab clean` removes what the latest run does not need."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.errors import InputError
from lab.run.cli import app
from lab.run.execution import runner
from lab.run.folders.lineage import Origin

RECIPE = """name: again
engine: {kind: fake}
stages:
  first: {kind: evaluate, model: tiny, tasks: [{kind: reasoning_gym, dataset: gcd, limit: 4}],
          strategies: [{kind: greedy}]}
  report: {kind: report, of: [first]}
"""


def lab(*arguments: str, runs: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--runs", str(runs)])
    return done.exit_code, " ".join(done.output.split())


def stages(run: Path) -> dict[str, Path]:
    return {folder.name.rpartition("-")[0]: folder for folder in run.glob("*-*") if folder.is_dir()}


def test_a_finished_stage_is_done_again_and_what_reads_it_only_if_it_changed(tmp_path: Path) -> None:
    recipe, runs = tmp_path / "recipe.yaml", tmp_path / "runs"
    recipe.write_text(RECIPE)
    assert lab("run", str(recipe), runs=runs)[0] == 0
    before = stages(runs / "again")
    (before["first"] / "left.txt").write_text("from before")
    points = (before["first"] / "points.csv").read_bytes()
    (before["first"] / "points.csv").write_text("damaged")
    code, said = lab("run", str(recipe), "--redo", "first", runs=runs)
    assert code == 0, said
    assert "first (evaluate) starts" in said
    assert re.search(r"✓ report: .*done before", said), "the same result: nothing that reads it changes"
    assert stages(runs / "again") == before
    assert (before["first"] / "points.csv").read_bytes() == points
    assert not (before["first"] / "left.txt").exists()


def test_a_stage_that_is_not_there_is_named(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    code, said = lab("run", str(recipe), "--redo", "frist", runs=tmp_path / "runs")
    assert code == 2
    assert "--redo: there is no stage 'frist'. Did you mean 'first'?" in said


def test_a_written_stage_stands_for_all_it_is_made_of() -> None:
    written = {"self.1.corpus": "self", "self.1": "self", "tuned.s0": "tuned", "before": "before"}
    of = {name: Origin(stage) for name, stage in written.items()}
    assert runner.again(["self"], of) == {"self.1.corpus", "self.1"}
    assert runner.again(["tuned.s0", "before"], of) == {"tuned.s0", "before"}
    with pytest.raises(InputError, match=r"Did you mean 'tuned'"):
        runner.again(["tune"], of)


def run_with(runs: Path) -> Path:
    """A run whose latest stage is a-1...; beside it an older one, an unfinished one and a stranger's."""
    run = runs / "mine"
    for name, files in {
        "a-111111111111": ("manifest.json", "points.csv"),
        "a-222222222222": ("manifest.json", "points.csv"),
        "b-333333333333": ("log.txt",),
        "notes": ("own.txt",),
    }.items():
        (run / name).mkdir(parents=True)
        for file in files:
            (run / name / file).write_text("{}" + "x" * 998)
    (run / "run.json").write_text(json.dumps({"recipe": "mine", "stages": {"a": "a-111111111111"}}))
    (runs / "bank.sqlite").write_text("bank")
    return run


def test_nothing_is_removed_unasked(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    code, said = lab("clean", "mine", runs=tmp_path)
    assert code == 0
    assert "a-222222222222 (outdated: made by an earlier version of the recipe or of its inputs)" in said
    assert "b-333333333333 (unfinished; `lab run` with the same recipe would continue it)" in said
    assert "nothing was removed; add --yes to remove 2 folders (2.9 KiB)" in said
    assert len(list(run.iterdir())) == 5


def test_with_yes_only_what_the_latest_run_needs_is_left(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    code, said = lab("clean", str(run), "--yes", runs=tmp_path)
    assert (code, "removed 2 folders, freed 2.9 KiB; all completions are still in the bank" in said) == (
        0,
        True,
    )
    assert {path.name for path in run.iterdir()} == {"a-111111111111", "notes", "run.json"}
    assert (tmp_path / "bank.sqlite").read_text() == "bank"
    assert "nothing to remove" in lab("clean", "mine", "--yes", runs=tmp_path)[1]


def test_a_stage_that_runs_is_not_removed(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    with (run / "a-222222222222" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said = lab("clean", "mine", "--yes", runs=tmp_path)
    assert code == 1
    assert "another process is running this stage" in said
    assert (run / "a-222222222222" / "points.csv").exists()


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    run_with(tmp_path)
    code, said = lab("clean", "mien", runs=tmp_path)
    assert code == 2
    assert "Did you mean 'mine'?" in said
