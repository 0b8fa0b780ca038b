"""kill -9 at any moment of any stage, then the same command: the same bytes, nothing paid twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

RECIPE = """
name: kill
engine: {kind: fake, latency_order: shuffled}
stages:
  corpus:
    kind: generate
    model: tiny
    tasks:
      - &task
        kind: reasoning_gym
        dataset: chain_sum
        limit: 60
        options: {max_terms: 2, min_digits: 1, max_digits: 1}
    method: {kind: rejection_sampling, samples: 8}
  before: &evaluation
    kind: evaluate
    model: tiny
    tasks: [{<<: *task, limit: 40}]
    strategies:
      - {kind: greedy}
      - {kind: self_consistency, n: 16}
      - {kind: best_of_n, n: 16, scorer: {kind: self_verify}}
  report: {kind: report, of: [before]}
"""
RESULTS = {
    "corpus": ["data/*.parquet", "audit.json", "README.md", "ledger.parquet"],
    "before": ["points.csv", "answers.parquet", "ledger.parquet"],
    "report": ["points.csv", "summary.json", "curves.svg"],
}


def lab(folder: Path, recipe: str = RECIPE) -> subprocess.Popen[str]:
    """`lab run` in a process group of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(recipe)
    command = [sys.executable, "-m", "lab", "run", "recipe.yaml", "--quiet"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **streams)


def finish(folder: Path, recipe: str = RECIPE) -> str:
    process = lab(folder, recipe)
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output
    return output


def kill_when(folder: Path, ready: Callable[[], bool], *, group: bool, recipe: str = RECIPE) -> bool:
    """Start the run and kill -9 it (its whole group, or the parent alone) once `ready`.

    False if it got done first.
    """
    process = lab(folder, recipe)
    deadline = time.monotonic() + 200
    while process.poll() is None and not ready():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    if process.poll() is not None:
        return False
    (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    return True


def banked(folder: Path) -> int:
    path = folder / "runs" / "bank.sqlite"
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM completions").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def products(folder: Path) -> dict[str, bytes]:
    run = folder / "runs" / "kill"
    stages = json.loads((run / "run.json").read_text())["stages"]
    return {
        f"{stage}/{path.relative_to(run / stages[stage])}": path.read_bytes()
        for stage, patterns in RESULTS.items()
        for pattern in patterns
        for path in sorted((run / stages[stage]).glob(pattern))
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    finish(folder)
    return folder


@pytest.mark.parametrize("group", [True, False], ids=["with its children", "the parent alone"])
def test_killed_at_several_moments_and_continued_gives_the_same_bytes(whole, tmp_path, group):
    total, kills = banked(whole), 0
    for share in (0.0, 0.2, 0.6, 0.9):
        kills += kill_when(tmp_path, lambda at=share: banked(tmp_path) > at * total, group=group)
    manifests = list((tmp_path / "runs" / "kill").glob("*/manifest.json"))
    assert kills >= 3, "the run was too quick to be killed"
    assert all(json.loads(m.read_text())["output"] for m in manifests)
    finish(tmp_path)
    assert products(tmp_path) == products(whole)
    assert banked(tmp_path) == total, "nothing was drawn under another key"


def test_a_second_run_does_nothing(whole):
    before = {p: p.stat().st_mtime_ns for p in (whole / "runs" / "kill").glob("*/manifest.json")}
    finish(whole)
    assert {p: p.stat().st_mtime_ns for p in (whole / "runs" / "kill").glob("*/manifest.json")} == before


def test_killed_in_the_report_stage_it_is_made_again(whole, tmp_path):
    def report_began() -> bool:
        return any((tmp_path / "runs" / "kill").glob("report-*/log.txt"))

    assert kill_when(tmp_path, report_began, group=True)
    assert not list((tmp_path / "runs" / "kill").glob("report-*/manifest.json"))
    finish(tmp_path)
    assert products(tmp_path) == products(whole)


def test_an_engine_that_dies_is_started_again(whole, tmp_path):
    recipe = RECIPE.replace("{kind: fake,", "{kind: fake, die_after: 600,")
    output = finish(tmp_path, recipe)
    assert "it is started again" in output
    points = [p for p in products(tmp_path) if p.endswith("points.csv")]
    assert {p: products(tmp_path)[p] for p in points} == {p: products(whole)[p] for p in points}


def test_an_engine_that_always_dies_is_one_clear_error_and_keeps_what_was_drawn(tmp_path):
    recipe = RECIPE.replace("{kind: fake,", "{kind: fake, die_after: 100,")
    process = lab(tmp_path, recipe)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 1
    assert "failed 3 times" in output
    assert "Traceback" not in output
    assert banked(tmp_path) >= 3 * 36
    assert not list((tmp_path / "runs").glob("*/*/manifest.json"))
