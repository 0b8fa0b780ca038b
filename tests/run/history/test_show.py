"""`lab show` of corpora, of one stage, and of a run that failed: on folders made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.run.cli import app
from lab.run.folders.layout import finish, record

AUDIT = {
    "kept": 12,
    "drawn": 40,
    "yield": [{"step": "exact_duplicates", "in": 40, "out": 12}],
    "contamination": {"tasks": {}},
    "problems": {"asked": 10, "failed": 0},
}


def show(*words: str) -> Any:
    return CliRunner().invoke(app, ["show", *words])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two corpora."""
    stages = {}
    for name in ("corpus", "more"):
        folder = stages[name] = tmp_path / "papers" / f"{name}-0123456789ab"
        (folder / "data").mkdir(parents=True)
        (folder / "audit.json").write_text(json.dumps(AUDIT))
        finish(folder, {"kind": "generate", "stage": name, "recipe": "papers", "seconds": 3.0})
    record(tmp_path, "papers", stages)
    return tmp_path / "papers"


def test_a_corpus_is_shown_with_filters_and_card(run: Path) -> None:
    result = show(str(run))
    assert result.exit_code == 0, result.output
    assert "corpus: kept 12 of 40" in result.stdout
    assert "exact_duplicates: 40 in, 12 out" in result.stdout
    assert "corpus-0123456789ab/README.md" in result.stdout
    data = json.loads(show(str(run), "--json").stdout)
    assert [c["stage"] for c in data["corpora"]] == ["corpus", "more"]


def test_one_stage_is_shown_alone(run: Path) -> None:
    result = show(str(run), "more")
    assert result.exit_code == 0, result.output
    assert "more: kept 12 of 40" in result.stdout
    assert "corpus:" not in result.stdout
    assert "no problem 'mor' in this run" in show(str(run), "mor").stderr


def test_a_run_of_which_nothing_finished_is_told_with_its_last_error(tmp_path: Path) -> None:
    folder = tmp_path / "evaluate" / "evaluate-0123456789ab"
    folder.mkdir(parents=True)
    log = "=== stage evaluate\nTraceback (most recent call last):\n  x\nlab.core.errors.StageError: no server"
    (folder / "log.txt").write_text(f"{log}\n")
    for words in ([str(tmp_path / "evaluate")], ["evaluate", "--runs", str(tmp_path)]):
        result = show(*words)
        assert result.exit_code == 2
        assert "no stage of this run has finished. The last error: no server" in result.stderr
    (folder / "log.txt").write_text("=== stage evaluate\n")
    assert "has finished. (the log:" in show(str(tmp_path / "evaluate")).stderr
