"""An option that does nothing in some mode says so by a mark, and is refused where it is set in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lab.core.component import Component
from lab.core.fields import OnlyWith, marks, without_effect
from lab.engine import ClassifierConfig
from lab.engine.base import EngineComponent
from lab.errors import InputError
from lab.run.cli.catalogue import UNIONS, listing, members
from lab.run.recipe.recipe import loads
from lab.system.machine import detect

KINDS = [kind for kind in UNIONS if kind != "stages"]
CLASSES = [model for kind in KINDS for model in members(kind).values()]
MARKED = [(model, name, mark) for model in CLASSES for name, mark in marks(model, OnlyWith)]
CONDITION = re.compile(r"^(?:With|Online|For the rule|Only with)\b|\b[Oo]nly (?:used|for)\b|\bneeds `")
"""How the documentation of a field says that it does something in one mode alone."""


def ids(case: Any) -> str:
    return case.__name__ if isinstance(case, type) else str(case) if isinstance(case, str) else ""


def values(model: type[Component], mark: OnlyWith) -> Iterator[tuple[Any, bool]]:
    """Values of the field that the mark names, and whether the marked field then does something."""
    yield from ((value, True) for value in (mark.values or ("set",)))
    yield from ((value, False) for value in ((object(),) if mark.values else (0, "", None, False, ())))


@pytest.mark.parametrize(("model", "name", "mark"), MARKED, ids=ids)
def test_it_is_refused_exactly_where_it_does_nothing(
    model: type[Component], name: str, mark: OnlyWith
) -> None:
    assert mark.field in model.model_fields, "the mark names a field of the same class"
    default = model.model_fields[name].get_default(call_default_factory=True, validated_data={})
    for value, used in values(model, mark):
        part = model.model_construct(**{mark.field: value, name: object()})
        found = [message for field, message in without_effect(part) if field == name]
        assert bool(found) is not used
        assert all(f"`{mark.field}" in message for message in found)
        assert name not in dict(without_effect(model.model_construct(**{mark.field: value, name: default})))


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_documentation_says_of_a_mode_is_marked(kind: str) -> None:
    for entry in listing(kind):
        known = {name for name, _ in marks(members(kind)[entry["name"]], OnlyWith)}
        said = {field["name"] for field in entry["fields"] if CONDITION.search(field["doc"])}
        assert said <= known, f"{entry['name']}: say in a mark what {', '.join(said - known)} needs"


RECIPE = """name: r
engine: {kind: fake}
stages:
  all:
    kind: evaluate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: gcd, limit: 4}]
    strategies:
      - {kind: deepconf, n: 4, wave: 2}
      - {kind: best_of_n, n: 4, scorer: {kind: rubric, max_tokens: 9}}
"""


def test_the_message_says_where_and_what_is_missing() -> None:
    with pytest.raises(InputError) as caught:
        loads(RECIPE)
    text = str(caught.value)
    assert "has no effect with `mode: offline`; it is used only with `mode: online`" in text
    assert "has no effect with `votes: 0`; it is used only if `votes` is set" in text
    assert "strategies[1].scorer.max_tokens" in text


MODES = [(model, {mark.field: value}) for model, _, mark in MARKED for value in (mark.values or ())]
MODES += [(ClassifierConfig, {"backend": backend}) for backend in ("auto", "vllm", "transformers")]


@pytest.mark.parametrize(
    ("model", "mode"), [(m, mode) for m, mode in MODES if issubclass(m, EngineComponent)], ids=str
)
def test_what_a_machine_settles_is_no_option_without_effect(
    model: type[EngineComponent], mode: dict[str, Any]
) -> None:
    """The process of a stage reads the recipe again, with engines as they are on this machine."""
    assert list(without_effect(model(**mode).settled(detect()))) == []
