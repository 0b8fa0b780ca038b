"""Which country, continent or element a sentence names, given what the question is about."""

from __future__ import annotations

from typing import Any

import pytest

from lab.core.types import Problem
from lab.tasks.checkers import Text
from lab.tasks.checkers.verdicts import canonical, judge
from lab.tasks.knowledge.facts import about, fact_item
from lab.tasks.knowledge.geography import facts
from lab.tasks.knowledge.naming import ASKED, named, things
from lab.tasks.knowledge.short_answer import ShortAnswer

CHECKER = ShortAnswer()


def problem(relation: Any, subject: str) -> Problem:
    fact = next(f for f in facts((relation,)) if subject in f.parts.values() or subject == f.subject)
    item = fact_item(fact)
    return Problem(item.key, ({"role": "user", "content": item.question},), item.gold, item.meta)


@pytest.mark.parametrize(
    ("relation", "subject", "text", "value", "right"),
    [
        ("country_of_capital", "Kabul", "Kabul is the capital of Afghanistan.", "afghanistan", True),
        ("country_of_capital", "Kabul", "Kabul is the capital of Iran.", "iran", False),
        ("country_of_capital", "Kabul", "Afghanistan", "afghanistan", True),
        ("country_of_capital", "Helsinki", "Helsinki is in Finland, not Sweden.", "finland", True),
        ("country_of_capital", "Port of Spain", "Port of Spain is in Trinidad and Tobago.", None, True),
        ("country_of_capital", "Guatemala City", "Guatemala City is in Guatemala.", "guatemala", True),
        ("country_of_capital", "Washington", "Washington is the capital of the USA.", "united states", True),
        ("country_of_capital", "Washington", "It is the capital of the U.S.", "united states", True),
        ("country_of_capital", "Washington", "It is known to all of us.", None, False),
        ("country_of_city", "Torremolinos", "It belongs to Spain and Andorra.", None, False),
        ("country_of_city", "Kasugai", "Kasugai is in Japan's Kansai region, near Kyoto.", "japan", True),
        ("country_of_city", "Kasugai", "Kasugai is a Japanese city.", None, False),
        ("country_of_city", "Pico Rivera", "It is in New Mexico, United States.", "united states", True),
        ("country_of_city", "Pico Rivera", "Pico Rivera lies in New Mexico.", None, False),
        ("country_of_city", "Pico Rivera", "Pico Rivera is in South America.", None, False),
        ("country_of_city", "Pico Rivera", "It is a town near Georgia in the USA.", "united states", True),
        ("neighbour", "France", "France has a border with Spain and Italy.", None, True),
        ("neighbour", "France", "France borders Spain and Poland.", None, False),
        ("neighbour", "the United States", "The USA borders Canada.", "canada", True),
        ("continent", "Venezuela", "Venezuela is a part of South America.", "south america", True),
        ("continent", "South Africa", "South Africa is in Africa.", "africa", True),
        ("element_of_symbol", "Fe", "Fe is the symbol of iron, a metal.", "iron", True),
    ],
)  # fmt: skip
def test_it_reads_the_answer(relation: Any, subject: str, text: str, value: str | None, right: bool) -> None:
    asked = problem(relation, subject)
    assert judge(CHECKER, asked, text).correct is right
    if value:
        assert canonical(CHECKER, asked, text) == value == judge(CHECKER, asked, text).value


def test_the_same_thing_is_one_class_and_two_are_two() -> None:
    asked = problem("country_of_capital", "Washington")
    ways = ("USA", "The United States.", "Washington is the capital of the United States of America.")
    assert {canonical(CHECKER, asked, text) for text in ways} == {"united states"}
    congo = problem("country_of_capital", "Kinshasa")
    assert canonical(CHECKER, congo, "Congo") == "congo", "a name of two countries stays what was said"
    assert not judge(CHECKER, congo, "Kinshasa is the capital of the Congo Republic.").correct


@pytest.mark.parametrize("relation", list(ASKED))
def test_every_gold_and_alias_is_named_and_right(relation: Any) -> None:
    """Bare and in the question's own words; a city that is called like its country is read as before."""
    for fact in facts((relation,))[::7]:
        item = fact_item(fact)
        asked = Problem(item.key, (), item.gold, item.meta)
        subject = about(fact.parts)[0]
        for answer in fact.answers:
            assert judge(CHECKER, asked, answer).correct, (fact.key, answer)
            assert judge(CHECKER, asked, f"{subject}: the answer is {answer}.").correct, (fact.key, answer)


def test_the_gold_plays_no_part_in_the_reading() -> None:
    for fact in facts(("country_of_capital", "continent"))[::5]:
        item = fact_item(fact)
        asked, blind = Problem("p", (), item.gold, item.meta), Problem("p", (), None, item.meta)
        for text in ("It is in Peru.", "Asia, I think", fact.question, fact.answers[0]):
            assert canonical(CHECKER, asked, text) == canonical(CHECKER, blind, text)


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("What is the capital of France?", "Paris is the capital of France.", "paris"),
        ("Which country is Kabul the capital of?", "Kabul is the capital of Iran.", "capital of iran"),
        ("Who wrote Emma?", "Jane Austen is the author of Emma.", "jane austen"),
        ("What did Jane Austen write?", "Jane Austen was the author of Emma.", "author of emma"),
    ],
)
def test_the_side_that_repeats_the_question_is_no_answer(question: str, text: str, value: str) -> None:
    asked = Problem("p", ({"role": "user", "content": question},), ["Iran"])
    assert Text().canonical_for(asked, text) == value
    assert Text(within=True).check(asked, text).correct is ("iran" in value)


def test_what_asks_for_nothing_in_a_table_is_read_as_before() -> None:
    asked = Problem("p", (), ["Paris"], {"family": "capital", "about": ["France"]})
    assert named(asked, "Spain") == []
    assert canonical(CHECKER, asked, "The capital of France is Paris.") == "paris"
    assert canonical(CHECKER, Problem("p", (), None, {"family": "continent"}), "Asia") == "asia"
    assert things("country")["congo"] == ("democratic republic of congo", "republic of congo")
