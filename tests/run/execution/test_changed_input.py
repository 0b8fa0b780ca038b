"""What a stage reads must be what its name says it read; and nobody else can look into a run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lab.errors import StageError
from lab.run.execution.console import RunConsole
from lab.run.execution.runner import run_recipe
from lab.run.history.runs import evaluations
from lab.run.recipe.recipe import loads
from lab.system.files import Watch, digest_file, private_folder

RECIPE = """
name: race
engine: {{kind: fake}}
stages:
  ev:
    kind: evaluate
    model: tiny
    tasks: [{{kind: jsonl, test: {data}, checker: {{kind: numeric}}}}]
    strategies: [{{kind: greedy}}]
"""


def rows(factor: int) -> str:
    lines = ({"question": f"What is {i} + {i}?", "answer": factor * i} for i in range(1, 9))
    return "".join(json.dumps(line) + "\n" for line in lines)


class Meddling(RunConsole):
    """Changes a file after its digest was taken and before the worker reads it."""

    def __init__(self, data: Path) -> None:
        super().__init__(quiet=True)
        self._data = data

    def started(self, stage: str, kind: str, folder: Path) -> None:
        self._data.write_text(rows(9))


def test_an_input_that_changed_meanwhile_is_noticed_and_a_damaged_result_is_not_used(tmp_path: Path) -> None:
    data, runs = tmp_path / "data.jsonl", tmp_path / "runs"
    data.write_text(rows(2))
    recipe = loads(RECIPE.format(data=data))
    with pytest.raises(StageError, match=r"stage ev: .*data\.jsonl was changed while the stage was running"):
        run_recipe(recipe, runs=runs, console=Meddling(data))
    assert not list(runs.glob("*/*/manifest.json"))
    data.write_text(rows(2))
    folder = run_recipe(recipe, runs=runs, console=RunConsole(quiet=True)).stages["ev"]
    golds = pq.read_table(folder / "answers.parquet")["gold"].to_pylist()
    assert golds == [str(2 * i) for i in range(1, 9)]
    assert evaluations("race", runs)
    assert_nobody_else_reads(runs)
    (folder / "points.csv").write_text((folder / "points.csv").read_text().replace("0.", "1."))
    for read in (
        lambda: run_recipe(recipe, runs=runs, console=RunConsole(quiet=True)),
        lambda: evaluations("race", runs),
    ):
        with pytest.raises(StageError, match=r"points\.csv \(changed\)"):
            read()


def assert_nobody_else_reads(runs: Path) -> None:
    """No file below `runs` can be reached by anyone but its owner."""
    for path in (runs, *runs.rglob("*")):
        reached = all(
            parent.stat().st_mode & 0o011 for parent in path.parents if runs in (parent, *parent.parents)
        )
        assert not (path.stat().st_mode & 0o077 and reached) or path == runs, path
    for name in ("bank.sqlite", "race"):
        assert not (runs / name).stat().st_mode & 0o077
    assert all(not log.stat().st_mode & 0o077 for log in runs.rglob("log.txt"))


def test_a_file_that_was_replaced_and_put_back_is_noticed(tmp_path: Path) -> None:
    path, watch = tmp_path / "data", Watch()
    path.write_text("good")
    with watch.on():
        digest_file(path)
    assert watch.changed() is None
    path.rename(tmp_path / "aside")
    path.write_text("evil")
    assert watch.changed() == path
    path.write_text("good")
    os.utime(path, ns=(0, (tmp_path / "aside").stat().st_mtime_ns))
    assert watch.changed() == path, "it is another file with the same bytes and times"
    (tmp_path / "aside").replace(path)
    assert watch.changed() is None
    path.unlink()
    assert watch.changed() == path


def test_folders_are_made_for_their_owner_and_others_are_left_as_they_are(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    private_folder(shared / "a" / "b")
    private_folder(shared)
    assert [p.stat().st_mode & 0o777 for p in (shared, shared / "a", shared / "a/b")] == [0o755, 0o700, 0o700]
