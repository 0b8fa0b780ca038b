"""Every filter on texts that punish what is slower than linear: a verdict in time, and nothing raised."""

from __future__ import annotations

import time

import pytest
from data_gen_support import draft
from every_filter import CONTEXT, VARIANTS

from data_gen.filters.base import Context
from data_gen.filters.private import LONGEST_TEXT, MOST, Private
from data_gen.pipeline import Pipeline

SECONDS = 4.0
"""Processor time that a filter may take for two examples with 100,000 characters (the slowest takes half)."""
SIZE = 100_000
PIECES = {
    "one letter": "a", "digits": "9", "digits and hyphens": "0-9-", "dates": "/1/2", "brackets": "1.2(3)",
    "at and dot": "@.", "letters and dots": "a.", "local parts": "a@", "a long address": "b@c." + "a." * 50,
    "addresses": "a{}@b.example ", "telephone numbers": "650-253-{:04} ", "IP addresses": "10.0.{}.77 ",
    "nested quotes": "\"'", "quotes": '"', "backslashes": "\\\"", "white space": " \t\n\u2003", "lines": "\n",
    "lone surrogates": "\ud800", "control characters": "\x00\x07\x1b\x85", "right to left": "\u202e\u200f",
    "marks": "\u0301\u0323", "marks to be": "\u0301\uff9e", "ligatures": "\ufdfa", "capital dots": "İ",
    "sums": "1+", "sums of spaces": "1 + ", "numbers": "12,345.", "results": "1=", "words": "w{} ",
    "keywords": "password", "keywords and quotes": 'secret"', "passwords": 'password = "a{}bcdefg";\n',
    "tokens": "eyJ", "hosts": "//", "keys": "sk-", "key blocks": "-----BEGIN PRIVATE KEY", "markup": "<<{}>>",
}  # fmt: skip


def grown(piece: str, size: int = SIZE) -> str:
    """The piece again and again; where it has a place for a number, each time with another one."""
    numbered = "{" in piece
    count = 1 + size // len(piece)
    return "".join(piece.format(i) if numbered else piece for i in range(count))[:size]


def judged(filter, text: str) -> list[str]:
    """A draft and its copy through the filter and into the audit, as a stage does it: what is left."""
    pipeline = Pipeline([filter], CONTEXT)
    kept = pipeline([draft(text, index=i, question=text if i else "What is 5?") for i in range(2)])
    (row,) = pipeline.rows()
    assert row["in"] == 2 == row["dropped"] + len(kept)
    assert all(shown["reason"] for shown in row["examples"])
    return [found.text for found in kept]


def late(filter, texts: dict[str, str], limit: float) -> dict[str, float]:
    """The texts for which the filter takes more processor time than that, once it is loaded."""
    judged(filter, "To load what it needs: 3 + 4 = 7, and that is 7 to everybody here who can count. " * 2)
    took = {}
    for name, text in texts.items():
        started = time.process_time()
        judged(filter, text)
        took[name] = round(time.process_time() - started, 1)
    return {name: seconds for name, seconds in took.items() if seconds > limit}


@pytest.mark.parametrize("filter", VARIANTS, ids=repr)
def test_every_filter_has_a_verdict_in_time(filter):
    texts = {name: grown(piece) for name, piece in PIECES.items()}
    short = {"empty": "", "a space": " ", "half a letter": "\ud800", "nothing": "\x00"}
    assert late(filter, texts | short, SECONDS) == {}


@pytest.mark.parametrize("filter", VARIANTS, ids=repr)
def test_every_filter_takes_a_million_characters(filter):
    texts = {name: grown(PIECES[name], 10 * SIZE) for name in ("one letter", "digits", "words", "sums")}
    assert late(filter, texts, 10 * SECONDS) == {}


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
