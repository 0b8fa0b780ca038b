"""Every filter on texts that punish what is slower than linear: a verdict in time, and nothing raised."""

from __future__ import annotations

import time
from itertools import islice

import pytest
from data_gen_support import draft
from every_filter import CONTEXT, VARIANTS
from hostile_texts import PIECES, grown

from data_gen.filters.base import Context
from data_gen.filters.privacy.private import LONGEST_TEXT, MOST, Private
from data_gen.pipeline import Pipeline

SIZE, SECONDS, MODEL = 100_000, 4.0, 2.0
"""Characters, and the processor time that a filter may take for two examples of so many (the slowest takes
half of it); in proportion for others, with some for a model that reads the beginning."""
FEW, MANY = 20_000, 1_000_000


def judged(filter, text: str) -> list[str]:
    """A draft and its copy through the filter and into the audit, as a stage does it: what is left."""
    pipeline = Pipeline([filter], CONTEXT)
    kept = pipeline([draft(text, index=i, question=text if i else "What is 5?") for i in range(2)])
    (row,) = pipeline.rows()
    assert row["in"] == 2 == row["dropped"] + len(kept)
    assert all(shown["reason"] for shown in row["examples"])
    return [found.text for found in kept]


@pytest.mark.parametrize("size", [FEW, *(pytest.param(n, marks=pytest.mark.benchmark) for n in (SIZE, MANY))])
@pytest.mark.parametrize("filter", VARIANTS, ids=repr)
def test_every_filter_has_a_verdict_in_time(filter, size):
    judged(filter, "To load what it needs: 3 + 4 = 7, and that is 7 to everybody here who can count. " * 2)
    took, every = {}, 8 if hasattr(filter, "embedding_model") else 1
    for name, piece in islice(PIECES.items(), 0, None, every):
        text = grown(piece, size)
        started = time.process_time()
        judged(filter, text)
        took[name] = round(time.process_time() - started, 2)
    assert {name: seconds for name, seconds in took.items() if seconds > MODEL + SECONDS * size / SIZE} == {}


@pytest.mark.parametrize("filter", VARIANTS, ids=repr)
@pytest.mark.parametrize("text", ["", " ", "\ud800", "\x00", "\u202e"], ids=ascii)
def test_every_filter_has_a_verdict_on_next_to_nothing(filter, text):
    judged(filter, text)


@pytest.mark.parametrize("filter", [f for f in VARIANTS if isinstance(f, Private)], ids=repr)
def test_what_cannot_be_searched_is_dropped_and_not_shown(filter):
    """Too long to search, or with more finds than are hidden one by one: also where the rest is redacted."""
    secret = "AKIAIOSFODNN7EXAMPLE or john@mail.example.com"
    many = "\n".join(f"AKIAIOSFODNN7{i:07} a{i}@mail.example" for i in range(MOST + 1))
    for text, why in ((secret + " " * LONGEST_TEXT, "too long"), (many, "too many")):
        pipeline = Pipeline([filter], Context())
        assert pipeline([draft(text)]) == []
        (shown,) = pipeline.rows()[0]["examples"]
        assert why in shown["reason"]
        assert "EXAMPLE" not in str(shown)
        assert "mail" not in str(shown)
