"""Drafts come back from a part as they were."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from data_gen_support import draft
from hypothesis import given
from hypothesis import strategies as st

from data_gen.drafts import Draft, row_of
from data_gen.generation.encoding import MARK, decoded, encoded, jsonable, plain
from lab.core.types import Example, Message, Problem, Verdict
from lab.formats.parts.generated import DraftsWriter, read_drafts

TEXTS = st.text(st.characters(codec=None), max_size=8)  # with lone surrogates
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS | st.integers() | st.just(MARK), inner, max_size=3)
    ),
    max_leaves=8,
)
METAS = st.dictionaries(TEXTS, VALUES, max_size=3)
TURNS = st.lists(st.builds(Message, role=st.sampled_from(["system", "user"]), content=TEXTS), max_size=2)
PROBLEMS = st.builds(Problem, TEXTS, TURNS.map(tuple), VALUES, METAS)
VERDICTS = st.builds(Verdict, st.none() | st.booleans(), st.none() | TEXTS, TEXTS, st.booleans())
EXAMPLES = st.builds(
    Example,
    TEXTS,
    TURNS.map(tuple),
    TEXTS,
    METAS,
    rejected=st.none() | TEXTS,
    label=st.none() | st.booleans(),
    steps=st.lists(TEXTS, max_size=3).map(tuple),
    step_labels=st.lists(st.floats(0, 1), max_size=3).map(tuple),
    verdict=st.none() | VERDICTS,
    problem=st.none() | PROBLEMS,
)
DRAFTS = st.lists(st.builds(Draft, st.just("t"), PROBLEMS, EXAMPLES, VERDICTS), max_size=3)


@given(st.lists(DRAFTS, max_size=3))
def test_drafts_come_back_equal(tmp_path_factory: pytest.TempPathFactory, found: list[list[Draft]]) -> None:
    folder = tmp_path_factory.mktemp("part")
    with DraftsWriter(folder) as writer:
        for drafts in found:
            writer.add(encoded(drafts))
    back = [decoded("t", drafts) for drafts in read_drafts(folder)]
    assert repr(back) == repr(found)  # equal, in type and order too


def test_problems_are_shared_as_before(tmp_path: Path) -> None:
    one, other = draft("x"), draft("y")
    alike = Draft("task", one.problem, other.example, other.verdict)
    problems, _ = encoded([one, alike, other])
    assert len(problems) == 2
    back = decoded("task", encoded([one, alike, other]))
    assert back[0].problem is back[1].problem


def test_what_json_does_not_have_keeps_its_text() -> None:
    made = draft("x")
    meta: Any = MappingProxyType({"when": date(2024, 1, 2), "more": (1, 2)})
    made = Draft(
        "task", Problem("p", made.problem.messages, date(2024, 1, 2), meta), made.example, made.verdict
    )
    (back,) = decoded("task", encoded([made]))
    assert row_of(back) == row_of(made)
    assert str(back.problem.gold) == "2024-01-02"


@pytest.mark.parametrize("wrong", [{MARK: ["other", 1]}, {MARK: 3}, {MARK: ["text", 3]}])
def test_what_was_not_written_is_refused(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        plain(wrong)
    assert plain(jsonable(wrong)) == wrong
