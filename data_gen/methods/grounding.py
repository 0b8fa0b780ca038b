"""Sentences as evidence, and whether a question and an answer about one of them can be used.

The checks are about words alone and hold for any language that parts them by spaces: the answer stands in
the sentence, word for word; it is not the whole sentence; the question does not say it already, and is about
what the sentence is about. They find out what a small model invents, not every question that makes no sense.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from data_gen.drafts import words
from data_gen.structured import schema_of


class Pair(BaseModel):
    """What the model replies with about one sentence; limited in characters, so that it ends in time."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: str = Field(max_length=160)
    answer: str = Field(max_length=120)


PAIR = schema_of(Pair)


def sentences(document: str) -> list[str]:
    """The sentences of a document, white space aside, headings and very short or long ones left out.

    Where there is no whole one, its paragraphs.
    """
    paragraphs = [" ".join(paragraph.split()) for paragraph in _PARAGRAPH.split(document)]
    parts = (part.strip() for paragraph in paragraphs for part in _SENTENCE_END.split(paragraph))
    found = [part for part in dict.fromkeys(parts) if _usable(part)]
    return [part for part in found if part.endswith(_ENDS)] or found


def _usable(sentence: str) -> bool:
    return not sentence.startswith("#") and FEWEST_WORDS <= len(sentence.split()) <= MOST_WORDS


def pair_fault(pair: Pair, sentence: str) -> str:
    """Why a question and its answer cannot be used with this sentence; "" if they can."""
    asked, answer, said = words(pair.question), words(pair.answer), words(sentence)
    faults = {
        "it is no question": not pair.question.strip().endswith(("?", "？")),
        "the answer is empty": not answer,
        "the answer is not in the sentence": not _run_in(answer, said),
        "the answer is nearly the whole sentence": len(answer) > MOST_OF_IT * len(said),
        "the question already says the answer": bool(answer) and _run_in(answer, asked),
        "the question is not about the sentence": _share(_telling(asked), said) < LEAST_SHARED,
    }
    return next((reason for reason, found in faults.items() if found), "")


def agrees(reply: str, answer: str) -> bool:
    """Whether a second answer says the first one, word for word, in what it says."""
    return _run_in(words(answer), words(reply))


def _run_in(run: Sequence[str], text: Sequence[str]) -> bool:
    """Whether the words stand in the text in this order, one after the other."""
    return any(list(text[i : i + len(run)]) == list(run) for i in range(len(text) - len(run) + 1))


def _telling(asked: Sequence[str]) -> list[str]:
    """The words of a question that say what it is about: the longer ones, the first aside."""
    return [word for word in asked[1:] if len(word) > LITTLE]


def _share(asked: Sequence[str], said: Sequence[str]) -> float:
    """Which part of the words stands in the text, inflections aside (their first letters count)."""
    known = {word[:STEM] for word in said}
    return sum(word[:STEM] in known for word in asked) / len(asked) if asked else 0.0


FEWEST_WORDS, MOST_WORDS = 5, 60
MOST_OF_IT = 0.7
LEAST_SHARED = 0.75
LITTLE, STEM = 3, 4
_ENDS = (".", "!", "。", "！", '."', ".”")
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=[#*\-•])")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z\s])|(?<=[。！？])")
