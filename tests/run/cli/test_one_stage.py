"""`lab evaluate`, then `show` and `report` over what it left: the real runner on the fake engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.run.cli import app
from lab.run.history.answers import print_answers

PROBLEM = "chain_sum/test/3"
"""The first: twins of others are left out."""


def lab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def evaluate(runs: Path, *more: str) -> Any:
    task = "reasoning_gym:chain_sum,options={min_terms: 2, max_terms: 2, min_digits: 1, max_digits: 1}"
    flags = ["--model", "tiny", "--engine", "fake", "--limit", "6", "--max-tokens", "32", "--runs", str(runs)]
    ways = ["--strategy", "greedy", "--strategy", "best_of_n:n=4,scorer=mean_logprob"]
    return lab("evaluate", "--task", task, *ways, *flags, *more)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("runs")
    result = evaluate(folder)
    assert result.exit_code == 0, result.output
    assert "best_of_n[mean_logprob]" in result.stdout
    assert Path(result.stdout.splitlines()[-1]).name == "report.html"
    assert "▶ evaluate (evaluate) starts" in result.stderr
    return folder


def test_again_does_nothing(runs: Path) -> None:
    again = evaluate(runs)
    assert again.exit_code == 0
    assert again.stderr.count("done before") == 2


def test_other_flags_are_another_stage(runs: Path) -> None:
    other = evaluate(runs, "--seed", "1", "--name", "other")
    assert other.exit_code == 0
    assert {p.name for p in runs.iterdir() if p.is_dir()} >= {"evaluate", "other"}
    merged = lab("report", "evaluate", "other", "--runs", str(runs), "--json")
    data = json.loads(merged.stdout)
    assert Path(data["report"]) == runs / "compared" / "report.html"
    assert len(data["summary"]["stages"]) == 2


def test_report_of_one_run(runs: Path, tmp_path: Path) -> None:
    result = lab("report", str(runs / "evaluate"), "--out", str(tmp_path / "r"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r" / "report.html").is_file()


def test_show_a_run(runs: Path) -> None:
    data = json.loads(lab("show", "evaluate", "--runs", str(runs), "--json").stdout)
    assert [(s["stage"], s["status"]) for s in data["stages"]] == [("evaluate", "done"), ("report", "done")]
    assert {p["strategy"] for p in data["points"]} == {"greedy", "best_of_n[mean_logprob]"}
    text = lab("show", "evaluate", "--runs", str(runs)).stdout
    assert "measured accuracy" in text
    assert "best_of_n[mean_logprob]" in text


def test_show_a_run_whose_last_stage_is_unfinished(runs: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(runs / "evaluate", tmp_path / "evaluate")
    next((tmp_path / "evaluate").glob("report-*/manifest.json")).unlink()
    text = lab("show", str(tmp_path / "evaluate")).stdout
    assert "unfinished" in text


def test_a_wrong_option_is_the_only_mistake_told(tmp_path: Path) -> None:
    flags = ["--model", "tiny", "--engine", "fake", "--method", "grounded_qa", "--runs", str(tmp_path)]
    result = lab("generate", "--task", "documents:pathh=my/folder", *flags)
    assert result.exit_code == 2
    assert "unknown key. Did you mean 'path'?" in result.stderr
    assert "default factory" not in result.stderr


def test_show_a_problem(runs: Path) -> None:
    text = lab("show", "evaluate", PROBLEM, "--runs", str(runs)).stdout
    rows = json.loads(lab("show", "evaluate", PROBLEM, "--runs", str(runs), "--json").stdout)
    assert text.startswith(f"problem {PROBLEM} of chain_sum\nuser: ")
    assert f"gold: {rows[0]['gold'].strip(chr(34))}" in text
    assert "evaluate · greedy" in text
    assert text.count("← chosen") == 1
    assert [len(r["candidates"]) for r in rows] == [1, 4]
    scores = [c["score"] for c in rows[1]["candidates"]]
    chosen = next(line for line in text.splitlines() if "← chosen" in line)
    assert f"score {max(scores):.3f}" in chosen


def test_no_such_problem(runs: Path) -> None:
    result = lab("show", "evaluate", "chain_sum/test/x", "--runs", str(runs))
    assert result.exit_code == 2
    assert "no problem 'chain_sum/test/x' in this run. Did you mean 'chain_sum/test/" in result.stderr


def test_no_such_run(runs: Path) -> None:
    result = lab("show", "evaluat", "--runs", str(runs))
    assert result.exit_code == 2
    assert "Did you mean 'evaluate'?" in result.stderr


def test_untrusted_text_is_harmless(runs: Path) -> None:
    import io

    from rich.console import Console

    rows = json.loads(lab("show", "evaluate", PROBLEM, "--runs", str(runs), "--json").stdout)
    rows[0]["text"] = rows[0]["candidates"][0]["text"] = "\x1b]0;owned\x07 [red]not markup[/red]"
    out = io.StringIO()
    print_answers(rows, Console(file=out, width=200))
    assert "\x1b" not in out.getvalue()
    assert "[red]not markup[/red]" in out.getvalue()
