"""Backward questions by rule: which number is masked, and which part of a prompt is not the question."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_gen.source import Source
from lab.core.types import last_user_turn


@dataclass(frozen=True, slots=True)
class Masked:
    """A question with one number replaced by x, and that number."""

    question: str
    value: str


def masked(question: str, count: int, chance: random.Random) -> list[Masked]:
    """Up to `count` different numbers of the question masked as "x", chosen at random.

    None if the question already has an x. A number that occurs twice is not masked, because x would not be
    unknown.
    """
    if re.search(r"\bx\b", question, re.IGNORECASE):
        return []
    found = list(_NUMBER.finditer(question))
    values = [match.group(0).replace(",", "") for match in found]
    single = [match for match, value in zip(found, values, strict=True) if values.count(value) == 1]
    chosen = chance.sample(single, min(count, len(single)))
    return [
        Masked(f"{question[: m.start()]}x{question[m.end() :]}", m.group(0).replace(",", "")) for m in chosen
    ]


def statement_fault(text: str, number: Masked, answer: str) -> str:
    """Why a statement made of a masked question and its answer cannot be used; "" if it can."""
    if not re.search(r"\bx\b", text):
        return "the statement no longer contains x"
    if "?" in text:
        return "the statement is still a question"
    values = {match.group(0).replace(",", "") for match in _NUMBER.finditer(text)}
    if number.value in values and number.value != answer:
        return "the statement reveals the masked number"
    return "" if answer in text else "the statement does not contain the answer"


def split_instruction(source: Source) -> tuple[str, str]:
    """The question, and the lines that the task adds after every question ("" if there are none).

    The task's instruction is what the last turns of several other problems all end with.
    """
    texts = [source.question, *(last_user_turn(p.messages) for p in source.chosen(COMPARED, "instruction"))]
    if len(texts) < 2:
        return source.question, ""
    shared = _shared_end([text.splitlines() for text in texts])
    lines = source.question.splitlines()
    cut = len(lines) - min(shared, len(lines) - 1)
    return "\n".join(lines[:cut]).strip(), "\n".join(lines[cut:]).strip()


def _shared_end(texts: Sequence[list[str]]) -> int:
    """The number of lines with which all texts end."""
    return len(os.path.commonprefix([lines[::-1] for lines in texts]))


COMPARED = 8
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
