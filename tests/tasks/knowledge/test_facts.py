"""Facts: every accepted answer passes in many sentences, ambiguous cities are out, phrasings stay whole."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from eval.estimators.clusters import clusters_of
from lab.core.types import Problem
from lab.errors import InputError
from lab.language.normalise import normalise
from lab.tasks import Facts
from lab.tasks.knowledge.elements import elements, in_words
from lab.tasks.knowledge.facts import equal_parts, fact_item, lot_of, split_of
from lab.tasks.knowledge.geography import QUESTIONS, borders, cities, clear_cities, countries, facts
from lab.tasks.knowledge.short_answer import ShortAnswer, is_symbol
from lab.tasks.wordings import FORMS, phrasings, worded

RELATIONS: Any = tuple(QUESTIONS)
SHORT: Any = tuple(r for r in QUESTIONS if r != "country_of_city")
SENTENCES = (
    "{}",
    "{}.",
    "**{}**",
    "The answer is {}.",
    "Answer: {}",
    "It is {}.",
    "Let me think.\nThe answer is {}.",
    "\\boxed{{{}}}",
)


def problem(fact: Any) -> Problem:
    item = fact_item(fact)
    return Problem(item.key, (), item.gold, item.meta)


def test_every_accepted_answer_passes_in_every_sentence() -> None:
    """Of every fact; of the 29,000 of cities, whose answers are countries' names, of every hundredth."""
    check = ShortAnswer().check
    failed = []
    for fact in (*facts(SHORT), *facts(("country_of_city",))[::100]):
        for answer in fact.answers:
            for sentence in SENTENCES if len(fact.answers) < 12 else SENTENCES[:4]:
                if not check(problem(fact), sentence.format(answer)).correct:
                    failed.append((fact.key, sentence.format(answer)))
    assert not failed


def test_an_answer_to_another_fact_fails() -> None:
    check = ShortAnswer().check
    for relation in RELATIONS:
        some = facts((relation,))[:40]
        for one, other in pairwise(some):
            if not {normalise(a) for a in one.answers} & {normalise(a) for a in other.answers}:
                text = f"The answer is {other.answers[-1]}."
                if f" {normalise(one.answers[0])} " not in f" {normalise(other.answers[-1])} ":
                    assert check(problem(one), text).correct is False, (one.key, text)
        assert not check(problem(some[0]), "I don't know.").correct


@pytest.mark.parametrize(
    ("relation", "subject", "right", "wrong"),
    [
        ("capital", "UA", ("Kyiv", "Kiev", "It's Kyiv, on the Dnieper."), ("Lviv",)),
        ("country_of_capital", "CI", ("Côte d'Ivoire", "Cote dIvoire", "Ivory Coast"), ("Ghana",)),
        ("country_of_capital", "LC", ("St. Lucia", "Saint Lucia"), ("Saint Kitts",)),
        ("country_of_capital", "TT", ("Trinidad & Tobago", "Trinidad and Tobago"), ("Trinity",)),
        ("currency", "JP", ("Japanese yen", "JPY", "They pay with yen."), ("Won",)),
        ("currency", "FR", ("euros", "the euro"), ("franc",)),
        ("neighbour", "PT", ("Spain", "Portugal borders Spain."), ("France", "Portugal")),
        ("neighbour", "FR", ("Belgium", "Italy", "Brazil", "Monaco"), ("Portugal", "the UK")),
        (
            "symbol",
            "Fe",
            ("Fe", "fe", "FE", "The symbol of iron is Fe.", "Iron is written as Fe"),
            ("Ir", "F"),
        ),
        ("symbol", "Co", ("Co", "co", "The symbol is Co."), ("CO", "I think CO is it", "C")),
        (
            "symbol",
            "I",
            ("I", "i", "The symbol for iodine is I."),
            ("I think that Fe", "Io", "I have no idea"),
        ),
        ("symbol", "In", ("In", "The symbol is In."), ("In chemistry Fe", "I")),
        ("symbol", "No", ("No", "Its symbol is No."), ("No idea", "Nb")),
        (
            "atomic_number",
            "Fe",
            ("26", "twenty-six", "Twenty six.", "Iron has the atomic number 26"),
            ("twenty",),
        ),
        ("atomic_number", "C", ("6", "six", "It has 6 protons."), ("twenty-six", "26", "60", "sixteen")),
        (
            "atomic_number",
            "Og",
            ("118", "one hundred and eighteen", "In 2002 it got the number 118."),
            ("18",),
        ),
        ("element_of_symbol", "Al", ("Aluminium", "aluminum", "Al is aluminium."), ("Gold",)),
        ("element_of_symbol", "W", ("tungsten", "Wolfram"), ("Uranium",)),
    ],
)
def test_spellings(relation: Any, subject: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    fact = next(fact for fact in facts((relation,)) if fact.subject == subject)
    check = ShortAnswer().check
    assert all(check(problem(fact), text).correct for text in right), [check(problem(fact), t) for t in right]
    assert not any(check(problem(fact), t).correct for t in wrong), [check(problem(fact), t) for t in wrong]


def test_symbols_and_numbers_one_by_one() -> None:
    capitals = {e.symbol for e in elements() if len(e.symbol) == 1}
    for e in elements():
        formula = len(e.symbol) == 2 and set(e.symbol.upper()) <= capitals
        assert is_symbol(e.symbol.upper(), e.symbol) is (not formula), e.symbol
        assert is_symbol(e.symbol.lower(), e.symbol)
    canonical = ShortAnswer().canonical
    assert {canonical(t) for t in ("26", "Twenty-six.", "The answer is twenty six", "It is 26.")} == {"26"}
    assert canonical("The area is 35,980 sq km.") == "35980"
    assert canonical("The capital is Paris.") == "paris"
    assert canonical("") is None
    assert in_words(100) == "one hundred"
    assert in_words(118) == "one hundred eighteen"


def test_elements_are_complete_and_well_known_ones_are_on_top() -> None:
    assert [e.number for e in elements()] == list(range(1, 119))
    bands = {e.name: e.band for e in elements()}
    assert {bands[name] for name in ("Iron", "Gold", "Helium", "Calcium")} == {"large"}
    assert {bands[name] for name in ("Nickel", "Uranium", "Iodine")} == {"medium"}
    assert {bands[name] for name in ("Gallium", "Oganesson", "Holmium")} == {"small"}


def test_no_city_that_is_asked_for_has_a_namesake_in_another_country() -> None:
    """Against the whole table: names and other names, without case and accents."""
    owners: dict[str, set[str]] = {}
    for city in cities():
        for name in (city["name"], *city["alternatenames"]):
            owners.setdefault(normalise(name), set()).add(city["countrycode"])
    asked = facts(("country_of_city",))
    assert len(asked) > 25_000
    assert all(owners[normalise(fact.parts["city"])] == {fact.country} for fact in asked)
    assert len(clear_cities()) < len(cities())
    names = {fact.parts["city"] for fact in asked}
    assert not names & {"Birmingham", "Valencia", "Victoria", "Hyderabad", "Alexandria"}


def test_neighbours_are_mutual_and_no_question_gives_its_answer_away() -> None:
    by_code = {country["iso"]: country for country in countries()}
    for country in countries():
        for other in borders(country):
            assert country in borders(by_code[other["iso"]]), (country["name"], other["name"])
    for fact in facts(("neighbour",)):
        question = f" {normalise(fact.question)} "
        assert not any(f" {normalise(answer)} " in question for answer in fact.answers), fact.question


def test_splits_share_no_country_and_no_element() -> None:
    task = Facts(relations=RELATIONS, limit=None)
    sides: Any = {}
    for split in ("train", "dev", "test"):
        for p in task.problems(split):
            sides.setdefault(p.meta.get("country") or p.meta["element"], set()).add(split)
    assert all(len(found) == 1 for found in sides.values())
    assert set(map(str, Facts(limit=50).problems("test"))) == set(map(str, Facts(limit=50).problems("test")))
    for fact in facts(("symbol",)):
        others = [f for f in facts(("atomic_number", "element_of_symbol")) if f.subject == fact.subject]
        assert {split_of(f) for f in others} == {split_of(fact)}
        assert {lot_of(f) for f in others} == {lot_of(fact)}


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_phrasings_of_a_fact_stay_together(split: Any) -> None:
    task = Facts(relations=SHORT, phrasings=3, limit=60)
    once = Facts(relations=SHORT, limit=20).problems(split)
    problems = task.problems(split)
    assert len(problems) == 60
    assert next(p for p in problems if p.meta["phrasing"] == 1).id in {p.id for p in once}
    by_fact: dict[str, list[Problem]] = {}
    for p in problems:
        by_fact.setdefault(p.meta["fact"], []).append(p)
    assert set(by_fact) == {p.meta["fact"] for p in once}, (
        "a limit takes the facts it takes without phrasings"
    )
    for same in by_fact.values():
        assert [p.meta["phrasing"] for p in same] == [1, 2, 3]
        assert [p.id.endswith(f"/phrasing-{n}") for n, p in enumerate(same, 1)] == [False, True, True]
        assert len({p.messages[-1]["content"] for p in same}) == 3
        assert len({str(p.gold) for p in same}) == 1
    for found in (problems, once):
        about = [p.meta.get("country") or f"element {p.meta['element']}" for p in found]
        assert clusters_of(found) == about, "what is asked about, however it is asked"
        assert len(set(clusters_of(found))) > 5, "not the relations, which the task lists"


def test_every_phrasing_of_every_relation_keeps_the_parts() -> None:
    for fact in (*facts(SHORT), *facts(("country_of_city",))[::500]):
        form = FORMS[fact.relation].fullmatch(fact.question)
        assert form is not None
        assert form.groupdict() == dict(fact.parts)
        texts = [worded(text, fact.question, fact.relation) for text in phrasings(fact.relation)]
        assert len(set(texts)) == 5
        assert all(part in text for part in fact.parts.values() for text in texts)


def test_a_task_that_asks_each_fact_once_has_the_configuration_it_had() -> None:
    """Finished stages are known by the digest of their whole configuration."""
    assert "phrasings" not in Facts().model_dump(mode="json")
    assert Facts(phrasings=2).model_dump(mode="json")["phrasings"] == 2


def test_few_shot_takes_a_fact_once_and_a_limit_below_the_phrasings_is_refused() -> None:
    problems = Facts(relations=("capital",), phrasings=3, few_shot=2, limit=12).problems("train")
    shots = [turn["content"] for turn in problems[0].messages[:-1] if turn["role"] == "user"]
    assert len(problems) == 12
    assert len(shots) == 2
    assert all(shot.startswith("What is the capital of") for shot in shots)
    named = {shot.split("capital of ")[1].split("?")[0] for shot in shots}
    assert not any(name in p.messages[-1]["content"] for p in problems for name in named)
    with pytest.raises(InputError, match="must stay together"):
        Facts(phrasings=3, limit=2).problems("test")
    assert [f for f, _ in Facts(phrasings=2, wording=("rephrased",)).faults()] == ["phrasings"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_limit_takes_relations_and_bands_in_equal_parts(split: Any) -> None:
    """With 29,000 cities beside 240 capitals: 90 of nine strata are ten each, where there are ten."""
    problems = Facts(relations=("capital", "currency", "country_of_city"), limit=90).problems(split)
    count = Counter((p.meta["family"], p.meta["band"]) for p in problems)
    assert (len(problems), len(count)) == (90, 9)
    assert min(count.values()) >= 8
    assert max(count.values()) <= 12
    more = Facts(relations=("capital", "currency", "country_of_city"), limit=120).problems(split)
    assert {p.id for p in problems} <= {p.id for p in more}


def test_equal_parts() -> None:
    assert equal_parts({"a": 2, "b": 100, "c": 100}, 12) == {"a": 2, "b": 5, "c": 5}
    assert equal_parts({"a": 5, "b": 5}, 7) == {"a": 3, "b": 4}
    assert equal_parts({"a": 1, "b": 2}, 9) == {"a": 1, "b": 2}
    assert equal_parts({}, 9) == {}
