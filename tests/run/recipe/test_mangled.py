"""Whatever stands anywhere in a recipe, the answer is a recipe or an InputError with a place, not a crash."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.errors import InputError
from lab.run.recipe.recipe import validated
from lab.run.source.yaml_source import Path as Place
from lab.run.source.yaml_source import YamlSource, read

GOOD = read(Path(__file__).parents[1] / "good.yaml")
JUNK: list[Any] = [None, "", "x", "../x", 3, -1, 1.5, True, float("nan"), [], {}, [1], ["x"], [[]], [None]]
JUNK += [
    {"kind": 3},
    {"kind": None},
    {"kind": "greedy"},
    {"kind": []},
    {"x": {"kind": "x"}},
    "\x1b[31m",
    "é" * 200,
]


def places(data: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in the data, the root included."""
    yield here
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from places(value, (*here, key))


def changed(place: Place, value: Any) -> YamlSource:
    data = copy.deepcopy(GOOD.data)
    here = data
    for key in place[:-1]:
        here = here[key]
    if not place:
        data = value
    else:
        here[place[-1]] = value
    return YamlSource(GOOD.name, data, dict(GOOD.places))


def refusal(source: YamlSource) -> str:
    """The InputError's message, or nothing if the recipe is valid."""
    try:
        validated(source)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("value", JUNK, ids=lambda v: repr(v)[:20])
def test_junk_anywhere(value: Any) -> None:
    messages = [m for place in places(GOOD.data) if (m := refusal(changed(place, value)))]
    assert len(messages) > 40
    assert all(m.startswith(GOOD.name) for m in messages)
    assert all(len(m.splitlines()[0]) - len(GOOD.name) < 600 for m in messages)


def test_a_key_left_out_anywhere() -> None:
    messages = []
    for place in list(places(GOOD.data))[1:]:
        source = changed(place, 0)
        here = source.data
        for key in place[:-1]:
            here = here[key]
        del here[place[-1]]
        messages.append(refusal(source))
    assert sum(map(bool, messages)) > 20
    assert all(m.startswith(GOOD.name) for m in messages if m)
