"""A full disk is one clear message, wherever it shows itself, and nothing looks finished."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from lab.errors import StageError
from lab.run.execution import runner, stage_run
from lab.run.execution.assignment import Assignment
from lab.run.execution.console import RunConsole
from lab.run.execution.stage_process import explain
from lab.run.folders import layout
from lab.run.recipe.recipe import load

SMOKE = Path(__file__).parents[3] / "recipes" / "smoke" / "strategies.yaml"


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (sqlite3.OperationalError("database or disk is full"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (sqlite3.OperationalError("no such table: bank"), False),
    ],
)
def test_a_full_disk_is_told_from_other_faults(error, full, tmp_path):
    assignment = Assignment("", "s", tmp_path, tmp_path, {}, None, "")
    kind, message = explain(error, assignment)
    assert kind == "stage"
    assert ("no space left" in message) == full


def test_a_disk_that_fills_up_while_the_manifest_is_written(tmp_path, monkeypatch):
    def full(folder: Path, manifest: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(layout, "finish", full)
    recipe = load(SMOKE, ["all.tasks.0.limit=2", "all.tasks.1.limit=2", "all.max_failed=1"])
    with pytest.raises(StageError, match="no space left"):
        runner.run_recipe(recipe, runs=tmp_path, console=RunConsole(quiet=True))
    assert not list(tmp_path.glob("*/*/manifest.json"))


def test_a_stage_is_not_begun_without_room(tmp_path, monkeypatch):
    monkeypatch.setattr(stage_run, "ROOM", 1 << 60)
    with pytest.raises(StageError, match=r"GiB are free .* needed"):
        runner.run_recipe(load(SMOKE), runs=tmp_path, console=RunConsole(quiet=True))
