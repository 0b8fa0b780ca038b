"""The smoke recipes that a newcomer tries first do what they promise, as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recipe_kinds import kinds_in

from eval.scorers import Scorer
from eval.strategies import Strategy
from lab.core.component import members_of
from lab.run.recipe.recipe import load

ROOT = Path(__file__).parents[2]


def run(recipe: Path, runs: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab", "run", str(recipe), "--runs", str(runs), "--quiet"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("stem", ["loop", "data"])
def test_a_smoke_recipe_runs_to_its_end(stem: str, tmp_path: Path) -> None:
    run(ROOT / "recipes" / "smoke" / f"{stem}.yaml", tmp_path)
    stages = [folder for folder in (tmp_path / f"smoke-{stem}").iterdir() if folder.is_dir()]
    assert stages
    assert all((folder / "manifest.json").exists() for folder in stages)


def unnamed() -> list[dict[str, Any]]:
    """A strategy for each kind of strategy and scorer that recipes/smoke/strategies.yaml does not name."""
    stages = load(ROOT / "recipes" / "smoke" / "strategies.yaml").stages.values()
    named = set().union(*(kinds_in(s.strategies) for s in stages if s.kind == "evaluate"))
    strategies = [{"kind": kind} for kind in members_of(Strategy) if kind not in named]
    scorers = [kind for kind in members_of(Scorer) if kind not in named]
    return strategies + [{"kind": "best_of_n", "n": 4, "scorer": {"kind": kind}} for kind in scorers]


def test_what_the_smoke_recipe_of_strategies_lacks_runs_to_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new strategy or scorer needs no line in a recipe to be run from a recipe to its report."""
    monkeypatch.chdir(ROOT)
    task = {
        "kind": "reasoning_gym",
        "dataset": "gcd",
        "limit": 6,
        "options": {"max_numbers": 2, "max_value": 9},
    }
    stage = {
        "kind": "evaluate",
        "model": "tiny",
        "dev": 6,
        "sampling": {"temperature": 0.8, "max_tokens": 32},
        "tasks": [task],
        "strategies": [{"kind": "greedy"}, *unnamed()],
    }
    stages = {"new": stage, "report": {"kind": "report", "of": ["new"]}}
    recipe = tmp_path / "new.yaml"
    recipe.write_text(json.dumps({"name": "new", "engine": {"kind": "fake"}, "stages": stages}))
    run(recipe, tmp_path)
    (page,) = tmp_path.glob("new/report-*/report.html")
    assert "greedy" in page.read_text(encoding="utf-8")
