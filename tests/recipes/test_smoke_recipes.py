"""What a page of the documentation names has its recipes, and what a recipe uses is on the page.

A new component needs no line in a recipe or a page: test_smoke_runs.py runs those that the smoke recipes
lack.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from recipe_kinds import kinds_in

from data_gen.filters import Filter
from data_gen.methods import Method
from lab.core.component import members_of
from lab.run.recipe.recipe import load
from lab.train import Trainer

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "recipes" / "smoke"
BORDA = "self_certainty_borda"
OWN = ("my_documents",)
"""Recipes to edit, not published results."""


def shown(page: str, union: Any) -> set[str]:
    """The members that a page of the documentation names."""
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    return set(members_of(union)) & named


def used(path: Path, kind: str, key: str) -> set[str]:
    """The kinds under a key of a recipe's stages of one kind."""
    stages = load(path).stages.values()
    return set().union(*(kinds_in(getattr(stage, key)) for stage in stages if stage.kind == kind))


@pytest.mark.parametrize(
    ("page", "union", "recipe", "kind", "key"),
    [
        ("data.md", Method, "data", "generate", "method"),
        ("data.md", Filter, "data", "generate", "filters"),
        ("training.md", Trainer, "train", "train", "method"),
    ],
    ids=["methods", "filters", "trainers"],
)
def test_a_smoke_recipe_has_every_member_that_a_page_names(
    page: str, union: Any, recipe: str, kind: str, key: str, monkeypatch: Any
) -> None:
    monkeypatch.chdir(ROOT)
    assert shown(page, union) <= used(SMOKE / f"{recipe}.yaml", kind, key)


def test_a_method_and_a_trainer_that_a_page_names_has_a_recipe_of_its_own(monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    for stem in sorted(shown("data.md", Method)):
        assert stem in used(ROOT / "recipes" / "data" / f"{stem}.yaml", "generate", "method")
    trained = [path for path in (ROOT / "recipes" / "train").glob("*.yaml") if path.stem != "trainers"]
    assert shown("training.md", Trainer) <= set().union(*(used(p, "train", "method") for p in trained))


def test_the_tables_have_every_method_and_trainer_that_a_page_names(monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    methods = load(ROOT / "recipes" / "data" / "methods.yaml").stages.values()
    assert {s.method.kind for s in methods if s.kind == "generate"} == shown("data.md", Method)
    trainers = load(ROOT / "recipes" / "train" / "trainers.yaml").stages.values()
    assert {s.method.kind for s in trainers if s.kind == "train"} == shown("training.md", Trainer)


@pytest.mark.parametrize("folder", ["data", "train"])
def test_a_recipe_says_what_it_is_after(folder: str) -> None:
    """The paper, its claim, what is done here; and the page about the folder names it."""
    page = {"data": "data.md", "train": "training.md"}[folder]
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for path in sorted((ROOT / "recipes" / folder).glob("*.yaml")):
        header = path.read_text(encoding="utf-8").split("\nname:")[0]
        assert all(line.startswith("#") for line in header.splitlines() if line), path.stem
        assert "Here" in header or path.stem in OWN, path.stem
        if path.stem not in ("methods", "trainers", *OWN):
            assert re.search(r"The papers?: .*\b(19|20)\d\d\b", header, re.DOTALL), path.stem
        assert f"`{folder}/{path.name}`" in text, f"{page} does not name {folder}/{path.name}"


@pytest.mark.parametrize(
    ("folder", "page", "kind", "key", "union"),
    [
        ("data", "data.md", "generate", "method", Method),
        ("data", "data.md", "generate", "filters", Filter),
        ("train", "training.md", "train", "method", Trainer),
    ],
    ids=["methods", "filters", "trainers"],
)
def test_a_page_names_every_member_that_a_recipe_uses(
    folder: str, page: str, kind: str, key: str, union: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(ROOT)
    recipes = [*(ROOT / "recipes" / folder).glob("*.yaml"), SMOKE / f"{folder}.yaml"]
    found = set().union(*(used(path, kind, key) for path in recipes))
    assert found & set(members_of(union)) <= shown(page, union)
