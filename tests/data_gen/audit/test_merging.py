"""Counting in parts and merging them in order is counting at once, also where limits are reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from data_gen_support import draft
from hypothesis import given
from hypothesis import strategies as st

from data_gen.audit import Audit, contamination, counts, diversity, meaning, notes
from data_gen.drafts import Draft
from data_gen.filters import JudgeRating, LengthFilter, PersonalData, Verified
from data_gen.filters.base import Context
from data_gen.pipeline import Pipeline
from data_gen.similarity.overlap import TestQuestion
from lab.core.types import Problem, Verdict
from lab.statistics.bottom_k import BottomK, keyed
from lab.statistics.running import Numbers

WORDS = ["one two three four five six seven eight", "3 + 4", "7 + 4", "a@b.example.org is mine", "4 + 3 = 7"]
TESTS = [TestQuestion(f"exam{i % 2}", f"e{i}", text) for i, text in enumerate([*WORDS, "2 + 9", "9 + 2"])]
META = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.one_of(
        st.booleans(), st.sampled_from(["x", "y", "other values"]), st.floats(-1, 1), st.integers(0, 9)
    ),
    max_size=3,
)
RATED = st.dictionaries(st.just("rating_judge"), st.floats(0, 1))
VERDICTS = st.builds(Verdict, st.sampled_from([True, False, None]), st.sampled_from(["1", "2", "3", None]))


@st.composite
def problems(draw: st.DrawFn) -> list[tuple[str, Problem, list[Draft] | None]]:
    """Tasks, problems and their drafts; None for a problem that failed."""
    found = []
    for number in range(draw(st.integers(0, 12))):
        made = []
        for index in range(draw(st.integers(0, 4))):
            text, question = draw(st.sampled_from(WORDS)), draw(st.sampled_from(WORDS))
            one = draft(text, problem=f"p{number}", index=index, question=question)
            meta = {"licence": draw(st.sampled_from(["mit", "cc0-1.0", ""]))}
            example = replace(one.example, meta={**one.example.meta, **draw(META), **draw(RATED)})
            problem = replace(one.problem, meta=meta)
            made.append(replace(one, example=example, problem=problem, verdict=draw(VERDICTS)))
        problem = Problem(f"p{number}", ({"role": "user", "content": draw(st.sampled_from(WORDS))},), "1")
        found.append((draw(st.sampled_from("tu")), problem, draw(st.sampled_from([made, made, made, None]))))
    return found


def cut(items: Sequence[Any], at: Sequence[int]) -> list[Sequence[Any]]:
    """The items in pieces."""
    bounds = sorted({0, len(items), *(min(a, len(items)) for a in at)})
    return [items[a:b] for a, b in pairwise(bounds)]


def sent(state: Any) -> Any:
    """As another process reads it."""
    return json.loads(json.dumps(state))


def audited(items: Any, *, limited: bool = True) -> Audit:
    audit = Audit(["t", "u"], TESTS, 5, limited=limited)
    for task, problem, made in items:
        if made is None:
            audit.fail(task, problem, f"why\n{problem.id}")
        else:
            audit.draw(task, problem, made)
            audit.keep(task, made[::2])
    return audit


@given(problems(), st.lists(st.integers(0, 12), max_size=4))
def test_the_audit_of_parts_is_the_audit_of_all(items: Any, at: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "MOST_ANSWERS", 2)
        patch.setattr(notes, "MOST_KEYS", 2)
        patch.setattr(notes, "MOST_VALUES", 1)
        patch.setattr(contamination, "MOST_HITS", 1)
        patch.setattr(diversity, "SIZE", 3)
        patch.setattr(meaning, "COMPARED", 3)
        patch.setattr("data_gen.audit.MOST_FAILURES", 2)
        merged = audited([])
        for part in cut(items, at):
            merged.merge(sent(audited(part, limited=False).state()))
        assert json.dumps(merged.summary()) == json.dumps(audited(items).summary())
        assert merged._meaning._sample.ordered() == audited(items)._meaning._sample.ordered()


FILTERS = [PersonalData(), LengthFilter(max_chars=30), JudgeRating(model="judge", threshold=0.1), Verified()]


@given(problems(), st.lists(st.integers(0, 12), max_size=4))
def test_the_yield_of_parts_is_the_yield_of_all(items: Any, at: Any) -> None:
    def yielded(part: Any, context: Context) -> Pipeline:
        pipeline = Pipeline(FILTERS, context)
        for _, _, made in part:
            pipeline(made or ())
        return pipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data_gen.pipeline.SHOWN", 2)
        merged = Pipeline(FILTERS, Context())
        for part in cut(items, at):
            state = sent(yielded(part, Context(part=True)).state())
            assert "a@b.example.org" not in json.dumps(state)
            merged.merge(state)
        assert json.dumps(merged.rows()) == json.dumps(yielded(items, Context()).rows())


@given(st.lists(st.integers(0, 30), max_size=40), st.lists(st.integers(0, 40), max_size=4), st.integers(1, 8))
def test_choices_of_parts_are_the_choice_of_all(numbers: list[int], at: list[int], size: int) -> None:
    def chosen(part: Sequence[tuple[int, int]]) -> BottomK[int]:
        found = BottomK[int](size, keyed("x"))
        for place, number in part:
            found.add(str(number), place)
        return found

    items, merged = list(enumerate(numbers)), chosen([])
    for part in cut(items, at):
        merged.merge(sent(chosen(part).state(str)), int)
    assert merged.shuffled() == chosen(items).shuffled()
    assert merged.ordered() == chosen(items).ordered()


@given(st.lists(st.floats(), max_size=30), st.lists(st.integers(0, 30), max_size=3))
def test_a_sum_goes_on_elsewhere_to_the_last_bit(values: list[float], at: list[int]) -> None:
    whole, merged = Numbers(), Numbers()
    whole.extend(values)
    for part in cut(values, at):
        logged = Numbers.open(logged=True)
        logged.extend(part)
        merged.extend(sent(logged.log))
    assert repr(merged) == repr(whole)


def test_what_is_no_count_is_refused() -> None:
    for wrong in (-1, 1.5, True, "1", None):
        state = sent(audited([], limited=False).state())
        state["tasks"]["t"]["drawn"] = wrong
        with pytest.raises(ValueError, match="expected a count"):
            audited([]).merge(state)
    state = chosen_state()
    state["keys"] = ["another"]
    with pytest.raises(ValueError, match="'another' has another hash"):
        BottomK[int](3, keyed("x")).merge(state)


def chosen_state() -> dict[str, Any]:
    found = BottomK[int](3, keyed("x"))
    found.add("key", 1)
    return found.state()
