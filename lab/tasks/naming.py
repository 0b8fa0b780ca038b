"""Which country, continent or element a sentence names, where a question asks for one.

"Kabul is the capital of Afghanistan." and "Afghanistan" are the same answer to "Kabul is the capital of which
country?", and the city is none. That takes the question, not the gold: what it asks about is no answer to it,
and all that it may ask for is in a table. The longest name wins ("South Africa", "New Mexico"), a name that
is denied ("not", "anything but", "other than") is none, and "us" is a country only in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from lab.core.types import Problem
from lab.tasks.elements import elements
from lab.tasks.geography import continents, countries, country_names
from lab.tasks.reading.normalise import normalise

Kind = Literal["country", "continent", "element"]


def asked_for(problem: Problem) -> Kind | None:
    """What kind of thing the answer is; None where there is no table of them."""
    return ASKED.get(str(problem.meta.get("family"))) if problem.meta.get("about") else None


def named(problem: Problem, line: str) -> list[str]:
    """The normalised names of that kind in a line, in their order; none of what the question is about, under
    any name. [] for a question that asks for nothing in a table."""
    kind = asked_for(problem)
    if kind is None:
        return []
    about = [normalise(str(part)) for part in problem.meta["about"]]
    known = {thing for part in about for thing in things(kind).get(part, ())}
    found = [name for name in _scanned(kind, line, about) if not set(things(kind)[name]) & known]
    abroad = any("united states" in things(kind)[name] for name in found)
    return [name for name in found if name != "georgia" or not abroad]


def one_of(problem: Problem, names: list[str]) -> str | None:
    """The one thing that these names have in common, by its first name, normalised; None for none or more."""
    kind = asked_for(problem)
    if kind is None or not names:
        return None
    common = set(things(kind)[names[0]]).intersection(*(things(kind)[name] for name in names))
    return min(common) if len(common) == 1 else names[0] if len(set(names)) == 1 else None


@cache
def things(kind: Kind) -> Mapping[str, tuple[str, ...]]:
    """Normalised name -> the things that go by it ("congo" is two countries), by their first names."""
    found: dict[str, list[str]] = {}
    for names in _named_things(kind):
        for name in dict.fromkeys(map(normalise, names)):
            found.setdefault(name, []).append(normalise(names[0]))
    return {name: tuple(dict.fromkeys(first)) for name, first in found.items()}


def _named_things(kind: Kind) -> Iterator[tuple[str, ...]]:
    if kind == "country":
        yield from (country_names(country) for country in countries())
    elif kind == "continent":
        yield from ((name, "Australia") if code == "OC" else (name,) for code, name in continents().items())
    else:
        yield from (element.names for element in elements())


def _scanned(kind: Kind, line: str, about: list[str]) -> Iterator[str]:
    """The names in a line, the longest at each place; what the question is about is passed over."""
    table, words = things(kind), normalise(_POSSESSIVE.sub("", line)).split()
    at = 0
    while at < len(words):
        spans = (" ".join(words[at : at + size]) for size in range(_LONGEST, 0, -1))
        name = next((span for span in spans if span in table or span in about or span in OTHERS), "")
        denied = _DENIED.search(" ".join(words[max(0, at - 3) : at])) is not None
        denied = denied or (name == "us" and not _US.search(line))
        if name in table and name not in about and not denied:
            yield name
        at += len(name.split()) or 1


ASKED: Mapping[str, Kind] = {
    "country_of_capital": "country",
    "country_of_city": "country",
    "neighbour": "country",
    "capital_in_continent": "country",
    "capital_with_currency": "country",
    "continent": "continent",
    "element_of_symbol": "element",
}
"""Relation of geography.py -> what it asks for. Capitals and currencies have too many names for a table."""
OTHERS = {"new mexico", "gulf of mexico", "new jersey", "jersey city", "new england", "new guinea"}
OTHERS |= {"northern ireland", "north america", "south america", "central america", "latin america"}
"""Names that hold a country's and are none."""
_DENIED = re.compile(
    r"\b(?:not|never|isnt|arent|wasnt|neither|nor|except|without|unlike|other than|rather than|instead of"
    r"|(?:any|every|no)\w+ but|all but)(?: in| the| of| to| part of)?$"
)
"""What stands before a name that is none of the answer's."""
_POSSESSIVE = re.compile(r"(?<!People)['’]s\b")
_US = re.compile(r"\bU\.?S\b")
_LONGEST = 8
