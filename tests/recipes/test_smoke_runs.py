"""The smoke recipes that a newcomer tries first do what they promise, as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from recipe_kinds import kinds_in

from data_gen.methods import Method
from eval.scorers import Scorer
from eval.strategies import Strategy
from lab.core.component import members_of
from lab.run.recipe.recipe import load
from lab.train import Trainer
from lab.train.base import TrainerBase

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


def lacking(recipe: str, kind: str, union: Any) -> list[str]:
    """The kinds of method that the stages of a smoke recipe do not have."""
    stages = load(ROOT / "recipes" / "smoke" / f"{recipe}.yaml").stages.values()
    return sorted(set(members_of(union)) - {s.method.kind for s in stages if s.kind == kind})


def like_a_smoke_stage(recipe: str, kind: str, union: Any, member: str) -> dict[str, Any]:
    """The stages of a smoke recipe that a member needs, with it in place of one that reads the same."""
    path = ROOT / "recipes" / "smoke" / f"{recipe}.yaml"
    stages, wanted = yaml.safe_load(path.read_text())["stages"], members_of(union)[member]
    name = next(
        name
        for name, stage in load(path).stages.items()
        if stage.kind == kind and needs(type(stage.method)) == needs(wanted)
    )
    given = {key: value for key, value in stages[name]["method"].items() if key in wanted.model_fields}
    stages["new"] = {**stages[name], "method": {**given, "kind": member}}
    stages["new"].pop("seeds", None)
    return {name: stages[name] for name in needed("new", stages)}


def needs(member: Any) -> tuple[Any, ...]:
    """What a method or trainer is given: the same for one that takes another's place."""
    return member.reads, issubclass(member, TrainerBase) and member.needs_teacher


def needed(name: str, stages: dict[str, Any]) -> list[str]:
    """A stage and those above it that it reads, these first."""
    read = [str(stages[name].get(key, "")).partition(".s")[0] for key in ("model", "teacher", "data")]
    above = [found for source in read if source in stages for found in needed(source, stages)]
    return list(dict.fromkeys([*above, name]))


LACKING = [
    *(("data", "generate", Method, member) for member in lacking("data", "generate", Method)),
    *(("train", "train", Trainer, member) for member in lacking("train", "train", Trainer)),
]
NONE = pytest.param(*[None] * 4, marks=pytest.mark.skip("the smoke recipes have all methods and trainers"))


@pytest.mark.parametrize(("recipe", "kind", "union", "member"), LACKING or [NONE])
def test_a_method_or_trainer_that_the_smoke_recipe_lacks_runs(
    recipe: str, kind: str, union: Any, member: str, tmp_path: Path
) -> None:
    """A new one needs no line in a recipe to be run from a recipe."""
    stages = like_a_smoke_stage(recipe, kind, union, member)
    path = tmp_path / "new.yaml"
    path.write_text(json.dumps({"name": "new", "engine": {"kind": "fake"}, "stages": stages}))
    run(path, tmp_path)
    assert list(tmp_path.glob("new/new-*/manifest.json"))


def test_what_a_new_trainer_needs_is_found() -> None:
    assert list(like_a_smoke_stage("train", "train", Trainer, "distillation")) == ["answers", "sft", "new"]
    assert list(like_a_smoke_stage("train", "train", Trainer, "grpo")) == ["new"]
    assert list(like_a_smoke_stage("data", "generate", Method, "magpie")) == ["new"]
