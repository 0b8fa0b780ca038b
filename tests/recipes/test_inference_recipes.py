"""The recipes under recipes/inference and the page about them: headers, kinds, and the page's example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eval.scorers import Scorer
from eval.strategies import Strategy
from lab.core.component import members_of
from lab.run.recipe.recipe import load
from lab.run.stages.evaluate import EvaluateStage

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "inference.md").read_text(encoding="utf-8")
RECIPES = sorted((ROOT / "recipes" / "inference").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_a_recipe_says_what_it_is_after_and_what_came_out(path: Path) -> None:
    header = path.read_text(encoding="utf-8").split("\nname:")[0]
    assert all(line.startswith("#") for line in header.splitlines() if line)
    assert re.search(r"^# Result \(.*seed 0.*\): \S", header, re.MULTILINE), "what came out, and on what"
    if path.stem != "sweep":
        for word in ("The paper: ", "The work: "):
            if word in header:
                break
        else:
            pytest.fail("no source")
        for word in ("Claim: ", "Numbers: ", "Here: "):
            assert word in header
    assert f"`inference/{path.name}`" in PAGE


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_a_recipe_runs_on_the_default_model_and_reports(path: Path) -> None:
    recipe = load(path)
    *evaluations, report = recipe.stages.values()
    assert report.kind == "report"
    for stage in evaluations:
        assert isinstance(stage, EvaluateStage)
        assert stage.model == "smollm2-135m"
        assert any(s.kind == "self_consistency" for s in stage.strategies)


ABOUT_KNOWING = {
    "answer_with_confidence",
    "answer_or_abstain",
    "chain_of_verification",
    "verify_then_revise",
    "retrieve_then_answer",
    "rank_by_likelihood",
}
"""Methods whose point is not accuracy at a budget: recipes/hallucination measures them."""


def test_the_sweep_has_every_method_of_inference_time_compute() -> None:
    (stage, _) = load(ROOT / "recipes" / "inference" / "sweep.yaml").stages.values()
    assert isinstance(stage, EvaluateStage)
    assert {s.kind for s in stage.strategies} == set(members_of(Strategy)) - ABOUT_KNOWING


def test_recipes_about_knowing_have_the_others() -> None:
    found = set()
    for path in (ROOT / "recipes" / "hallucination").glob("*.yaml"):
        stages = load(path).stages.values()
        found |= {s.kind for stage in stages if isinstance(stage, EvaluateStage) for s in stage.strategies}
    assert found >= ABOUT_KNOWING


def test_the_page_names_every_strategy() -> None:
    assert set(members_of(Strategy)) <= set(re.findall(r"`(\w+)`", PAGE))
    assert "oracle" in members_of(Scorer)


def test_the_example_on_the_page_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"):
        monkeypatch.setenv(name, "1")
    exec(program, {"__name__": "page"})
    (saved,) = tmp_path.glob("result-*.json")
    result = json.loads(saved.read_text())
    assert (result["pass_at_1"], result["pass_at_4"], result["majority_at_4"]) == (0.5, 1.0, 1.0)
    assert result["model"] == "mine"
