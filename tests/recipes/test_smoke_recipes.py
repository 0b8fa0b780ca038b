"""The smoke recipes and the pages of documentation name every member: a new one cannot be forgotten.

A strategy or a scorer needs no line in a recipe: test_smoke_runs.py runs those that the smoke recipe lacks.
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


@pytest.mark.parametrize(
    ("recipe", "key", "union"),
    [
        ("data", "method", Method),
        ("data", "filters", Filter),
        ("train", "method", Trainer),
    ],
    ids=["methods", "filters", "trainers"],
)
def test_a_smoke_recipe_names_every_member(recipe: str, key: str, union: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    stages = load(SMOKE / f"{recipe}.yaml").stages.values()
    wanted = {"data": "generate", "train": "train"}[recipe]
    named = set().union(*(kinds_in(getattr(s, key)) for s in stages if s.kind == wanted))
    assert set(members_of(union)) <= named


def test_a_method_and_a_trainer_has_a_recipe_of_its_own(monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    data = {p.stem for p in (ROOT / "recipes" / "data").glob("*.yaml")}
    assert set(members_of(Method)) | {"methods"} <= data
    for stem in sorted(set(members_of(Method))):
        stages = load(ROOT / "recipes" / "data" / f"{stem}.yaml").stages.values()
        assert any(s.kind == "generate" and s.method.kind == stem for s in stages), stem
    trained = [load(p) for p in sorted((ROOT / "recipes" / "train").glob("*.yaml")) if p.stem != "trainers"]
    kinds = {s.method.kind for recipe in trained for s in recipe.stages.values() if s.kind == "train"}
    assert set(members_of(Trainer)) <= kinds


def test_the_tables_of_methods_and_of_trainers_have_every_member(monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    methods = load(ROOT / "recipes" / "data" / "methods.yaml").stages.values()
    assert {s.method.kind for s in methods if s.kind == "generate"} == set(members_of(Method))
    trainers = load(ROOT / "recipes" / "train" / "trainers.yaml").stages.values()
    assert {s.method.kind for s in trainers if s.kind == "train"} == set(members_of(Trainer))


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
    ("page", "unions"), [("data.md", (Method, Filter)), ("training.md", (Trainer,))], ids=["data", "training"]
)
def test_a_page_names_every_member(page: str, unions: tuple[Any, ...]) -> None:
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    for union in unions:
        assert set(members_of(union)) <= named
