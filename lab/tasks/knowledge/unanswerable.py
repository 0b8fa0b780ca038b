"""The `unanswerable` task: questions without an answer, such as "What is the capital of Velmaria?".

They are the questions of `facts` about names that do not exist (invented.py), or about real things with a
false premise (premises.py). Each has a twin that has an answer, in the same words; the two share `pair` in
their meta. The right answer is an abstention, or that there is no such thing. SelfAware [Yin et al. 2023,
arXiv:2305.18153] measures this, R-Tuning [Zhang et al. 2024, arXiv:2311.09677] trains it. Nothing about a
country, element or invented name of one split is asked in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from lab.core.protocols import Checker, Split
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.tasks.knowledge.elements import Band
from lab.tasks.knowledge.facts import ANSWER_FORMAT, INSTRUCTION, about, fact_item, lot_of, split_of
from lab.tasks.knowledge.geography import GEONAMES, QUESTIONS, Fact, Relation, facts
from lab.tasks.knowledge.invented import InventedKind, invented
from lab.tasks.knowledge.premises import premises, split_of_entity
from lab.tasks.knowledge.short_answer import ShortAnswer
from lab.tasks.prompting import Item, Prompted, bucket, chosen_by_hash

Make = Literal["invented", "premise"]


class Unanswerable(Prompted):
    """Questions about invented names and with false premises, each with an answerable twin."""

    kind: Literal["unanswerable"] = "unanswerable"
    makes: tuple[Make, ...] = Field(default=("invented", "premise"), min_length=1)
    """Why a question has no answer: the name does not exist, or the question has a false premise about real
    things.

    If a fact could be used for both, a hash decides, so that no twin is asked twice.
    """
    relations: tuple[Relation, ...] = Field(default=tuple(QUESTIONS), min_length=1)
    """Questions to ask. False premises exist for capital, country_of_capital, neighbour, capital_in_continent
    and capital_with_currency.
    """
    bands: tuple[Band, ...] = Field(default=("large", "medium", "small"), min_length=1)
    """Bands of how well known the twins are, as in `facts`."""
    twins: bool = True
    """Also ask the answerable twins; they show whether a model abstains from everything."""
    limit: int | None = Field(default=400, ge=1)
    """Maximum number of problems per split; a question and its twin both count and stay together. null uses
    all (for country_of_city: 300 pairs for train and test).
    """

    @property
    def checker(self) -> Checker:
        """The checker of the twins. lab/language/abstention/reading.py recognises abstentions."""
        return ShortAnswer()

    def default_instruction(self) -> str:
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.relations))

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return GEONAMES

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All pairs of the split, the question without an answer first."""
        taken: set[str] = set()
        return [item for fact in self._facts(split) for item in self._pair(fact, taken)]

    def _facts(self, split: Literal["train", "test"]) -> Iterator[Fact]:
        """The facts that become twins, at most MOST per relation."""
        for relation in dict.fromkeys(self.relations):
            mine = [f for f in facts((relation,)) if f.band in self.bands and split_of(f) == split]
            yield from chosen_by_hash(mine, MOST, "unanswerable")

    def _pair(self, fact: Fact, taken: set[str]) -> list[Item]:
        """The question without an answer and, with `twins`, its twin; [] if neither can be made from the
        fact.
        """
        make = self._make(fact)
        if make is None:
            return []
        question, meta = _premise(fact) if make == "premise" else self._invented(fact, taken)
        pair = f"{make}-{fact.key}"
        twin = fact_item(fact)
        shared = {**{k: twin.meta[k] for k in KEPT}, "pair": pair, "make": make}
        none = Item(
            pair, question, None, I_DO_NOT_KNOW, {**shared, **meta, "answerable": False}, side=lot_of(fact)
        )
        if not self.twins:
            return [none]
        twin = replace(twin, meta={**twin.meta, "pair": pair, "make": make, "answerable": True}, unit=pair)
        return [replace(none, unit=pair), twin]

    def _make(self, fact: Fact) -> Make | None:
        wanted = set(self.makes)
        if fact.key not in premises():
            wanted.discard("premise")
        elif len(wanted) == 2:
            wanted = {"premise" if bucket(f"make {fact.key}") < 0.5 else "invented"}
        return wanted.pop() if wanted else None

    def _invented(self, fact: Fact, taken: set[str]) -> tuple[str, dict[str, Any]]:
        """The fact's question about an invented name, and its meta. The name is added to `taken`."""
        part = SUBJECTS[fact.relation]
        side: Split = split_of_entity(fact.entity, lot_of(fact))
        name = invented(part, fact.key, side, self.seed, taken)
        taken.add(name)
        shown = name.lower() if part == "element" else name
        why = f"there is no {'element with the symbol' if part == 'symbol' else part} {name}"
        parts = {**fact.parts, part: shown}
        question = QUESTIONS[fact.relation].format(**parts)
        return question, {"invented": name, "why": why, "about": about(parts)}


def _premise(fact: Fact) -> tuple[str, dict[str, Any]]:
    premise = premises()[fact.key]
    return premise.question, {"why": premise.why, "about": about(premise.parts)}


MOST = 300
KEPT = ("family", "template", "band", "difficulty", "form")
SUBJECTS: dict[Relation, InventedKind] = {
    "capital": "country",
    "country_of_capital": "city",
    "currency": "country",
    "continent": "country",
    "country_of_city": "city",
    "neighbour": "country",
    "capital_in_continent": "city",
    "capital_with_currency": "city",
    "symbol": "element",
    "atomic_number": "element",
    "element_of_symbol": "symbol",
}
"""Relation -> the part of its question that names what it is about."""
