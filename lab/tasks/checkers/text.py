"""Checks short answers in words: "The capital of France is **Paris**." is "paris".

Texts are compared after normalisation (lab/language/normalise.py). The gold may be a list: the name to show,
then its aliases. Without a marker the answer is taken from the first line. "X is Y" is reduced to the part
that answers, so that a full sentence and a bare name give the same vote; the part that only repeats the
question is not the answer. An answer that denies something or leaves it open ("Kabul or Springfield") is no
answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from lab.core.types import Problem, Verdict, last_user_turn
from lab.language.echo import heard
from lab.language.extraction.markers import Extract, find_answer, points_at_answer, strip_markup
from lab.language.extraction.sentences import core, readings, settled
from lab.language.normalise import normalise
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts


class Text(CheckerComponent):
    """Right if the normalised answer equals the gold or one of its aliases."""

    kind: Literal["text"] = "text"
    extract: Extract = "auto"
    """Where in the text the answer is; `auto` uses the first line if nothing marks an answer."""
    marker: str = ""
    """Text that precedes the answer, instead of the built-in ones."""
    sentences: bool = True
    """Shorten "The capital of France is Paris, a city ..." to "paris" before comparing."""
    within: bool = False
    """Also accept a short answer that contains the gold's words in order ("the Japanese yen" for "yen")."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (text, or a list with aliases). Unscored without a gold."""
        text = heard(problem, text)
        line, asked = self.answer_line(text), words_asked(problem)
        value = self._canonical(line, asked)
        golds = [gold for gold in map(_form, gold_texts(problem.gold)) if gold]
        if not golds:
            return Verdict(None, value, "the gold answer is empty")
        said = [_form(form) for form in (readings(line, asked) if self.sentences else (line,))]
        if found := next((form for form in said if form in golds), None):
            return Verdict(True, value or found, f"{found[:80]!r} is accepted")
        if value is None:
            return Verdict(False, None, "no answer found")
        right = self.within and _inside(value, golds)
        return Verdict(
            right, value, f"{value[:80]!r} {'is accepted' if right else f'is not {golds[0][:80]!r}'}"
        )

    def canonical(self, text: str) -> str | None:
        """The normalised answer; None if the text has none, or if it is denied or left open."""
        return self._canonical(self.answer_line(text), frozenset())

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, using the words of the question."""
        return self._canonical(self.answer_line(heard(problem, text)), words_asked(problem))

    def points_at_answer(self, text: str) -> bool:
        """Whether a marker holds the answer, or a text that was cut off has a complete first line."""
        return points_at_answer(text, self.marker)

    def _canonical(self, answer: str, asked: frozenset[str]) -> str | None:
        if not self.sentences:
            return _form(answer) or None
        short = core(answer, asked)
        if not settled(short):
            return None
        return _form(short) or _form(answer) or None

    def answer_line(self, text: str) -> str:
        """The line (the text with `whole`) that holds the answer, as written; "" if there is none."""
        found = find_answer(text, self.extract, self.marker)
        if found is None:
            return ""
        lines = [line for line in found.text[:_CUT].splitlines() if normalise(line[:_LONGEST])]
        if not lines:
            return ""
        line = lines[1] if len(lines) > 1 and lines[0].rstrip(" *").endswith(":") else lines[0]
        return strip_markup((found.text if self.extract == "whole" else line)[:_CUT])[:_LONGEST]


def words_asked(problem: Problem) -> frozenset[str]:
    """The normalised words of the question, which is the last user turn."""
    return _words(last_user_turn(problem.messages))


@lru_cache(maxsize=4096)
def _words(question: str) -> frozenset[str]:
    """Cached, because many texts answer one question and each is read several times."""
    return frozenset(normalise(question).split())


def _form(text: str) -> str:
    """The normalised text. A whole number that a file turned into a decimal ("5.0") becomes whole again."""
    return normalise(text).removesuffix(".0")


def _inside(value: str, golds: list[str]) -> bool:
    """Whether the words of a gold occur in order in a value of at most six words that names nothing else."""
    return len(value.split()) <= 6 and any(
        f" {gold} " in f" {value} " and (" and " not in value or " and " in gold) for gold in golds
    )


_LONGEST, _CUT = 2000, 20_000
"""Characters of an answer's line, and of what it may stand in with its markup."""
