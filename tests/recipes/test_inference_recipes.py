"""The recipes under recipes/inference and the page about them: headers, kinds, and the page's example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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


SELF_KNOWLEDGE = {
    "answer_with_confidence",
    "answer_or_abstain",
    "chain_of_verification",
    "verify_then_revise",
    "retrieve_then_answer",
    "rank_by_likelihood",
}
"""Methods whose point is not accuracy at a budget: recipes/hallucination measures them."""


def folder_of(kind: str) -> str:
    """The folder of eval/strategies in which a strategy is."""
    return members_of(Strategy)[kind].__module__.split(".")[2]


def test_the_sweep_has_methods_of_every_folder() -> None:
    (stage, _) = load(ROOT / "recipes" / "inference" / "sweep.yaml").stages.values()
    assert isinstance(stage, EvaluateStage)
    kinds = {s.kind for s in stage.strategies}
    assert not kinds & SELF_KNOWLEDGE
    assert {folder_of(kind) for kind in kinds} | {"confidence"} == set(map(folder_of, members_of(Strategy)))


def test_recipes_about_self_knowledge_have_the_others() -> None:
    found = set()
    for path in (ROOT / "recipes" / "hallucination").glob("*.yaml"):
        stages = load(path).stages.values()
        found |= {s.kind for stage in stages if isinstance(stage, EvaluateStage) for s in stage.strategies}
    assert found >= SELF_KNOWLEDGE


def test_the_table_of_methods_names_strategies_that_exist() -> None:
    table = re.findall(
        r"^\| [^|]*\| ([^|]*) \|.*$", PAGE.split("## Methods")[1].split("\n## ")[0], re.MULTILINE
    )
    named = set(re.findall(r"`(\w+)`", " ".join(table)))
    assert named <= set(members_of(Strategy))
    assert {folder_of(kind) for kind in named} == set(map(folder_of, members_of(Strategy)))


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
