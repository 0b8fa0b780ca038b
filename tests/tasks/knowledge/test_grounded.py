"""Grounded answers: the gold stands in the passage, edits state another real value, and twins match."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from eval.estimators.clusters import clusters_of
from lab.core.types import Problem
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.language.normalise import normalise
from lab.tasks import Grounded
from lab.tasks.checkers.verdicts import judge
from lab.tasks.documents.readers.fields import FIELDS
from lab.tasks.knowledge.grounded import values
from lab.tasks.prove import prove

SPLITS: Any = ("train", "dev", "test")
ALL = Grounded(limit=None, conflict=True, absent=True)


@pytest.fixture(scope="module")
def problems() -> Mapping[str, list[Problem]]:
    return {split: ALL.problems(split) for split in SPLITS}


def stands(answer: str, passage: str) -> bool:
    return f" {normalise(answer)} " in f" {normalise(passage)} "


def test_every_field_is_read_from_many_countries() -> None:
    for name in FIELDS:
        assert len({value.country for value in values(name)}) == len(values(name)) > 50
    iceland = {name: {v.country: v.text for v in values(name)}.get("IS") for name in FIELDS}
    assert iceland["capital"] == "Reykjavik"
    assert iceland["area"] == "103,000"
    assert iceland["coastline"] == "4,970"
    assert iceland["currency"] == "Icelandic kronur"


def test_the_gold_stands_in_the_passage_or_nowhere(problems: Any) -> None:
    for split in SPLITS:
        for p in problems[split]:
            passage = p.meta["document"]
            assert passage in p.messages[-1]["content"]
            if p.meta["variant"] == "absent":
                assert p.gold is None
                assert p.meta["answerable"] is False
            else:
                assert passage.count(p.gold[0]) >= 1
                assert stands(p.gold[0], passage)
            if p.meta["variant"] == "conflict":
                assert not any(stands(known, passage) for known in p.meta["memory"]), p.id
                assert not any(judge(ALL.checker, p, known).correct for known in p.meta["memory"]), p.id
        assert prove(ALL, split, 10**6) == len(problems[split])


def test_the_three_forms_of_a_question_belong_together(problems: Any) -> None:
    for split in SPLITS:
        found = problems[split]
        assert clusters_of(found) == [p.meta["country"] for p in found]
        for written, conflict, absent in zip(found[::3], found[1::3], found[2::3], strict=True):
            assert [p.meta["variant"] for p in (written, conflict, absent)] == [
                "as_written",
                "conflict",
                "absent",
            ]
            assert written.meta["pair"] == conflict.meta["pair"] == absent.meta["pair"]
            texts = [p.meta["document"].split("\n\n") for p in (written, conflict, absent)]
            (entry,) = [line for line in texts[0] if line not in texts[2]]
            (edited,) = [line for line in texts[1] if line not in texts[2]]
            if written.meta["family"] == "currency":
                entry, edited = (re.sub(r"\([A-Z]{3}\)", "", line) for line in (entry, edited))
            assert entry.replace(written.gold[0], conflict.gold[0], 1) == edited
            assert not any(stands(a, absent.meta["document"]) for a in (*written.gold, *conflict.gold))
            assert conflict.meta["memory"] == written.gold
            assert (
                len({p.messages[-1]["content"].rsplit("\n\n", 1)[1] for p in (written, conflict, absent)})
                == 1
            )


def test_splits_share_no_country_edited_values_included(problems: Any) -> None:
    sides: dict[str, set[str]] = {}
    for split in SPLITS:
        for p in problems[split]:
            sides.setdefault(p.meta["country"], set()).add(split)
        stated = {value.text for name in FIELDS for value in values(name) if value.split == split}
        assert all(p.gold[0] in stated for p in problems[split] if p.meta["variant"] == "conflict")
    assert all(len(found) == 1 for found in sides.values())


def test_sentences_that_answer(problems: Any) -> None:
    for p in problems["test"]:
        for n, answer in enumerate(p.gold or ()):
            full = ("According to the passage, it is {}.", "**{}**", "It is {}, says the passage.")
            for sentence in ("{}", "The answer is {}.", *(full if n == 0 else ())):
                verdict = judge(ALL.checker, p, sentence.format(answer))
                assert verdict.correct, (p.id, sentence.format(answer), verdict)
        assert judge(ALL.checker, p, I_DO_NOT_KNOW).correct is (p.gold is None)
    area = next(
        p for p in problems["test"] if p.meta["family"] == "area" and p.meta["variant"] == "as_written"
    )
    value = area.gold[0]
    for text in (
        f"{value} sq km",
        value.replace(",", ""),
        f"In 2024 its total area is {value} square kilometres.",
    ):
        assert judge(ALL.checker, area, text).correct, text


def test_passages_are_short_and_limits_and_options_hold() -> None:
    task = Grounded(limit=9, absent=True, conflict=True, max_words=60, few_shot=2)
    found = task.problems("test")
    assert len(found) == 9
    assert all(len(p.meta["document"].split()) <= 60 for p in found)
    shown = [turn["content"] for turn in found[0].messages if turn["role"] == "assistant"]
    assert I_DO_NOT_KNOW in shown
    assert {p.meta["variant"] for p in Grounded(limit=5).problems("test")} == {"as_written"}
    only = Grounded(limit=6, conflict=True, twins=False, fields=("capital",)).problems("dev")
    assert {(p.meta["variant"], p.meta["family"]) for p in only} == {("conflict", "capital")}
    assert task.problems("test", seed=4) == found
    with pytest.raises(ValidationError, match="otherwise there are no questions"):
        Grounded(twins=False)
