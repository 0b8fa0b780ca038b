"""Finds the country, continent, currency or element that a sentence names, if the question asks for one.

"Kabul is the capital of Afghanistan." and "Afghanistan" are the same answer to "Kabul is the capital of which
country?"; the city is not part of the answer. This needs the question, not the gold: what the question is
about is never the answer, and everything that it may ask for is in a table. The longest name wins ("South
Africa", "New Mexico"); a name that is denied ("not", "anything but", "other than") does not count. "us" is a
country and "try" a currency only in capitals; "won" and "real" are currencies only if they are written as a
name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from lab.core.types import Problem
from lab.language.normalise import normalise
from lab.tasks.knowledge.elements import elements
from lab.tasks.knowledge.geography import continents, countries, country_names, currencies

NamedKind = Literal["country", "continent", "currency", "element"]


def asked_for(problem: Problem) -> NamedKind | None:
    """The kind of thing that the question asks for; None if there is no table of that kind."""
    return ASKED.get(str(problem.meta.get("family"))) if problem.meta.get("about") else None


def named(problem: Problem, line: str) -> list[str]:
    """The normalised names of that kind in a line, in order, without any name of what the question is about.
    [] if the question asks for nothing in a table.
    """
    kind = asked_for(problem)
    if kind is None:
        return []
    about = [normalise(str(part)) for part in problem.meta["about"]]
    known = {thing for part in about for thing in things(kind).get(part, ())}
    found = [name for name in _scanned(kind, line, about) if not set(things(kind)[name]) & known]
    if kind == "currency":
        return found if set(found) - _codes() or not _BRACKETED_CODE.search(line) else []
    abroad = any("united states" in things(kind)[name] for name in found)
    return [name for name in found if name != "georgia" or not abroad]


def one_of(problem: Problem, names: list[str]) -> str | None:
    """The one thing that these names have in common, by its first name, normalised; None if there is none, or
    several.
    """
    kind = asked_for(problem)
    if kind is None or not names:
        return None
    common = set(things(kind)[names[0]]).intersection(*(things(kind)[name] for name in names))
    return min(common) if len(common) == 1 else names[0] if len(set(names)) == 1 else None


@cache
def things(kind: NamedKind) -> Mapping[str, tuple[str, ...]]:
    """{normalised name: the things with that name ("congo" is two countries), by their first names}."""
    found: dict[str, list[str]] = {}
    for names in _named_things(kind):
        for name in dict.fromkeys(map(normalise, names)):
            found.setdefault(name, []).append(normalise(names[0]))
    return {name: tuple(dict.fromkeys(first)) for name, first in found.items()}


def _named_things(kind: NamedKind) -> Iterator[tuple[str, ...]]:
    if kind == "country":
        yield from (country_names(country) for country in countries())
    elif kind == "continent":
        yield from ((name, "Australia") if code == "OC" else (name,) for code, name in continents().items())
    elif kind == "currency":
        yield from currencies()
    else:
        yield from (element.names for element in elements())


def _scanned(kind: NamedKind, line: str, about: list[str]) -> Iterator[str]:
    """The names in a line, the longest at each place. What the question is about is skipped."""
    table, words = things(kind), normalise(_POSSESSIVE.sub("", line)).split()
    at = 0
    while at < len(words):
        spans = (" ".join(words[at : at + size]) for size in range(_LONGEST, 0, -1))
        name = next((span for span in spans if span in table or span in about or span in OTHERS), "")
        denied = _DENIED.search(" ".join(words[max(0, at - 3) : at])) is not None
        denied = denied or not _as_a_name(kind, name, line)
        if name in table and name not in about and not denied:
            yield name
        at += len(name.split()) or 1


def _as_a_name(kind: NamedKind, name: str, line: str) -> bool:
    """Whether a word with another meaning is written as a name: "US", "TRY", "the won"."""
    if kind == "country":
        return name != "us" or _US.search(line) is not None
    if kind == "currency" and re.fullmatch("[a-z]{3}", name) and name in _codes():
        return re.search(rf"\b{name.upper()}\b", line) is not None
    if kind == "currency" and name in _COMMON:
        named = r"(?i:the|\w+(?:an|ish|ese))" if name == "won" else r"(?:(?i:the|\w+(?:an|ish|ese))|[A-Z]\w+)"
        written = rf"\b{name.title()}\b|\b{named}\s{name}\b|^\W*{name}\W*$"
        return re.search(written, line) is not None
    return True


@cache
def _codes() -> frozenset[str]:
    """The codes of currencies in lower case."""
    return frozenset(name.lower() for names in currencies() for name in names if name.isupper())


ASKED: Mapping[str, NamedKind] = {
    "country_of_capital": "country",
    "country_of_city": "country",
    "neighbour": "country",
    "capital_in_continent": "country",
    "capital_with_currency": "country",
    "continent": "continent",
    "currency": "currency",
    "element_of_symbol": "element",
}
"""Relation of geography.py -> what it asks for. Capitals have too many names for a table."""
OTHERS = {"new mexico", "gulf of mexico", "new jersey", "jersey city", "new england", "new guinea"}
OTHERS |= {"northern ireland", "north america", "south america", "central america", "latin america"}
"""Names that hold a country's and are none."""
_DENIED = re.compile(
    r"\b(?:not|never|isnt|arent|wasnt|neither|nor|except|without|unlike|other than|rather than|instead of"
    r"|(?:any|every|no)\w+ but|all but)(?: in| the| of| to| part of)?$"
)
"""What stands before a name that is none of the answer's."""
_POSSESSIVE = re.compile(r"(?<!People)['’]s\b")
_COMMON = {"colon", "crown", "mark", "real", "sol", "som", "won"}
"""Currencies that are words besides."""
_BRACKETED_CODE = re.compile(r"\w \([A-Z]{3}\)")
"""Behind a name that is no currency's ("the Libyan Yara (LYD)") a code is no answer."""
_US = re.compile(r"\bU\.?S\b")
_LONGEST = 8
