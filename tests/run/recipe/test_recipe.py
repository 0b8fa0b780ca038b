"""What a good recipe becomes: defaults filled in, stages that read each other, complete YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.core.types import Sampling
from lab.run.recipe.recipe import load, loads, render
from lab.system.files import digest_of

GOOD = (Path(__file__).parents[1] / "good.yaml").read_text()
FOLDER = Path(__file__).parents[3] / "recipes"
RECIPES = sorted(p for p in FOLDER.rglob("*.yaml") if p.parent.name != "accelerate")
"""Everything but the files of `accelerate config`, which tests/train/test_accelerate_files.py reads."""


def test_resolved_fills_in_what_the_recipe_shares() -> None:
    recipe = loads(GOOD, overrides=["seed=7", "after.engine.batch=3"])
    corpus, after = recipe.resolved("corpus"), recipe.resolved("after")
    assert (corpus["seed"], corpus["engine"]["kind"]) == (7, "fake")
    assert after["engine"]["batch"] == 3
    assert [t["dataset"] for t in corpus["test_tasks"]] == ["gcd", "chain_sum"]
    assert corpus["sampling"] == {"temperature": 0.8, "top_p": 1.0, "max_tokens": 256, "stop": []}
    stage: Any = recipe.stages["after"]
    assert stage.sampling.sampling() == Sampling(0.8, 1.0, 256, ())


def test_a_stage_digest_moves_with_its_own_configuration_only() -> None:
    one, two = loads(GOOD), loads(GOOD, overrides=["after.sampling.max_tokens=9"])
    digests = [{n: digest_of(r.resolved(n)) for n in r.stages} for r in (one, two)]
    assert {n for n in one.stages if digests[0][n] != digests[1][n]} == {"after"}
    spaced = loads(GOOD.replace("seed: 0", "# a comment\nseed:   0"))
    assert {n: digest_of(spaced.resolved(n)) for n in spaced.stages} == digests[0]


def test_reads() -> None:
    recipe = loads(GOOD)
    reads = {name: recipe.reads(name) for name in recipe.stages}
    assert reads == {
        "corpus": (),
        "tuned": ("corpus",),
        "before": (),
        "after": ("tuned",),
        "report": ("before", "after", "corpus"),
    }


def test_test_tasks_can_be_given() -> None:
    recipe = loads(GOOD, overrides=["corpus.test_tasks=[]"])
    assert recipe.resolved("corpus")["test_tasks"] == []


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_every_recipe_parses_digests_and_round_trips(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    recipe = load(path)
    digests = {name: digest_of(recipe.resolved(name)) for name in recipe.stages}
    assert len(set(digests.values())) == len(digests)
    again = loads(render(recipe))
    assert {name: digest_of(again.resolved(name)) for name in again.stages} == digests


def test_the_recipes_are_there() -> None:
    names = {p.stem for p in RECIPES}
    assert {"quickstart", "gsm8k", "own_data"} <= names
    assert any(p.parent.name == "smoke" for p in RECIPES)
