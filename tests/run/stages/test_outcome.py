"""What a stage came to, in one line: right numbers, and none where nothing was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.formats.points import COLUMNS
from lab.run.stages import outcome

GIVEN = "task,strategy,scorer,samples,problems,failed,unscored,accuracy,ci_low,ci_high,origin"
REST = [name for name in COLUMNS if name not in GIVEN.split(",")]
"""Columns that the tests leave empty."""


def stage(folder: Path, kind: str, *, model: str = "base", **files: str) -> Path:
    folder.mkdir(parents=True)
    config: dict[str, Any] = {"tasks": [1], "split": "test", "sampling": {}, "seed": 0}
    manifest = {"kind": kind, "output": "x", "config": config, "folder": folder.name}
    manifest["model"] = model
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def corpus(kept: int, near: int, failed: int, lost: int = 0) -> str:
    contamination = {"tasks": {"a": {"overlapping_examples": near}}}
    problems = {"failed": failed, "asked": 300}
    said = {"kept": kept, "drawn": 1920, "contamination": contamination, "problems": problems}
    return json.dumps(said | ({"faults": {"completions": 1925, "lost": lost}} if lost else {}))


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ((82, 8, 0), "kept 82 of 1,920, 8 overlap with test questions"),
        ((0, 0, 0), "kept 0 of 1,920"),
        ((5, 1, 3), "kept 5 of 1,920, 1 overlaps with test questions, 3 of 300 problems failed"),
        ((5, 0, 0, 7), "kept 5 of 1,920, 7 of 1,925 completions could not be generated"),
    ],
)
def test_a_corpus(numbers: tuple[int, ...], line: str, tmp_path: Path) -> None:
    assert outcome(stage(tmp_path / "c", "generate", audit_json=corpus(*numbers))) == line


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([{"loss": 1.93}, {"loss": 1.0}, {"loss": 0.61}], "loss 1.9 → 0.61, 3 steps"),
        ([{"loss": 0.5}], "loss 0.5, 1 step"),
        ([{"loss": 1.0, "reward": 0.1}, {"loss": 1.0, "reward": 0.4}], "reward 0.1 → 0.4, 2 steps"),
        ([], ""),
    ],
)
def test_a_training(rows: list[dict[str, float]], line: str, tmp_path: Path) -> None:
    assert outcome(stage(tmp_path / "t", "train", metrics_jsonl="\n".join(map(json.dumps, rows)))) == line


def points(*rows: str) -> str:
    return "".join(
        f"{line}\n" for line in (",".join([GIVEN, *REST]), *(row + "," * len(REST) for row in rows))
    )


def test_an_evaluation_beside_the_first_of_the_same_problems(tmp_path: Path) -> None:
    row = "gcd,greedy,,1,9,0,0,0.17,0.11,0.22,measured"
    before = stage(tmp_path / "b", "evaluate", points_csv=points(row))
    rows = (
        "gcd,self_consistency,,16,9,0,0,0.35,0.28,0.42,measured",
        "gcd,self_consistency,,2,9,0,0,0.2,0.1,0.3,derived",
        "gcd,greedy,,1,9,0,0,0.32,0.26,0.39,measured",
    )
    after = stage(tmp_path / "a", "evaluate", model="tuned", points_csv=points(*rows))
    again = stage(tmp_path / "again", "evaluate", points_csv=points(*rows))
    alone = "greedy 0.32 [0.26, 0.39], self_consistency@16 0.35 [0.28, 0.42]"
    assert outcome(after) == alone
    old = points(*rows).replace(",samples,", ",n,", 1)
    assert outcome(stage(tmp_path / "o", "evaluate", points_csv=old)) == alone, "older files call it n"
    assert outcome(after, {"b": before}) == alone.replace("0.32", "0.17 → 0.32", 1)
    assert outcome(again, {"b": before}) == alone, "the same model has no before and after"
    manifest = json.loads((before / "manifest.json").read_text())
    manifest["config"]["tasks"] = [2]
    (before / "manifest.json").write_text(json.dumps(manifest))
    assert outcome(after, {"b": before}) == alone


def test_what_was_not_measured_is_no_zero(tmp_path: Path) -> None:
    rows = ("gcd,greedy,,1,9,6,0,,,,measured", "gcd,sample,,1,9,1,2,0.5,0.1,0.9,measured")
    line = "greedy not measured (6 failed), sample 0.50 [0.10, 0.90] (1 failed, 2 unscored)"
    assert outcome(stage(tmp_path / "a", "evaluate", points_csv=points(*rows))) == line


def test_the_pooled_task_is_told_and_only_some_ways(tmp_path: Path) -> None:
    rows = [f"{task},w{i},,1,9,0,0,0.{i},0,1,measured" for task in ("gcd", "all") for i in range(5)]
    line = outcome(stage(tmp_path / "a", "evaluate", points_csv=points(*rows)))
    assert line == "w0 0.00 [0.00, 1.00], w1 0.10 [0.00, 1.00], w2 0.20 [0.00, 1.00], 2 more"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"kept": "x", "drawn": 1}'])
def test_damaged_files_give_no_line(text: str, tmp_path: Path) -> None:
    assert outcome(stage(tmp_path / "c", "generate", audit_json=text)) == ""
    assert outcome(stage(tmp_path / "t", "train", metrics_jsonl=text)) == ""
    assert outcome(stage(tmp_path / "e", "evaluate", points_csv=text)) in ("", "no accuracy was measured")
    assert outcome(tmp_path / "nothing") == ""
