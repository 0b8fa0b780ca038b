"""Checks short answers to questions about world facts: a name, a number or a chemical symbol.

If a question asks for a country, a continent or an element, the answer is the one that the line names
(naming.py); other names are checked as in the `text` checker. What the question is about is not an answer,
nor is anything that is denied or left open. A number is the one that the sentence gives, in digits or in
words; years that only date it do not count. A symbol may have any case if it is the whole answer and means
nothing else in that case ("CO" is carbon monoxide and not cobalt); inside a phrase its case must be right.
`form` in the problem's meta says which of the three it is; the canonical answer does not depend on it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from lab.core.protocols import Checker
from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.markers import points_at_answer
from lab.language.extraction.sentences import core, readings, settled, side
from lab.language.normalise import normalise
from lab.language.numbers.numerals import canonical_number
from lab.language.numbers.statements import StatedNumber, stated
from lab.language.numbers.words import START
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.text import Text, words_asked
from lab.tasks.knowledge.elements import elements
from lab.tasks.knowledge.naming import asked_for, named, one_of, things


class ShortAnswer(Checker):
    """Right if the short answer is the gold, or one of its aliases."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """The verdict by `problem.meta["form"]` (name by default). Unscored without a gold."""
        text = heard(problem, text)
        form = problem.meta.get("form", "name")
        golds = gold_texts(problem.gold)
        if form == "name" or not golds:
            return self._name(problem, text, {normalise(gold) for gold in golds})
        answer = _line(text)
        right = _number(answer) == Fraction(golds[0].replace(",", "")) if form == "number" else False
        right = right or (form == "symbol" and settled(core(answer)) and is_symbol(answer, golds[0]))
        said = self.canonical_for(problem, text)
        return Verdict(right, said, f"{(said or '')[:80]!r} {'is' if right else 'is not'} {golds[0]}")

    def _name(self, problem: Problem, text: str, golds: set[str]) -> Verdict:
        """Right if every name in the answer is accepted. An answer that names nothing of the kind must equal
        the gold.
        """
        value = self.canonical_for(problem, text)
        names = answers_in(problem, text)
        said = {normalise(form) for form in readings(_line(text), words_asked(problem))}
        if golds & said:
            return Verdict(True, value, f"{min(golds & said)[:80]!r} is accepted")
        if golds and (_left_open(problem, text) or (not names and _repeats(problem, text))):
            return Verdict(False, value, "it names only what was asked about, denies, or leaves it open")
        if not golds or not names:
            verdict = (NAMES if asked_for(problem) is None else WHOLE).check(problem, text)
            return Verdict(verdict.correct, value or verdict.value, verdict.reason)
        right = golds.issuperset(names)
        return Verdict(right, value, f"it names {', '.join(dict.fromkeys(names))[:80]}")

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The thing that the answer names, if the problem asks for a known kind; else `canonical`."""
        text = heard(problem, text)
        names = answers_in(problem, text)
        if _left_open(problem, text) or (not names and _repeats(problem, text)):
            return None
        place = _place(problem, text) if not names else None
        return one_of(problem, names) or place or _numbered(text, NAMES.canonical_for(problem, text))

    def canonical(self, text: str) -> str | None:
        """The normalised answer; only the number if the answer begins with one or is one in words."""
        return _numbered(text, NAMES.canonical(text))

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text)


@lru_cache(maxsize=256)
def _line(text: str) -> str:
    """The line that answers. Cached, because a text is read several times."""
    return NAMES.answer_line(text)


def _place(problem: Problem, text: str) -> str | None:
    """A name without the country after it: "Tokyo, Japan" and "Tokyo" are one answer in a vote."""
    name, _, where = core(_line(text), words_asked(problem)).rpartition(", ")
    return (normalise(name) or None) if name and normalise(where) in things("country") else None


def _left_open(problem: Problem, text: str) -> bool:
    """Whether the answer denies something ("not Kabul") or leaves it open ("Kabul or Springfield")."""
    return not settled(side(_line(text), words_asked(problem)))


def _repeats(problem: Problem, text: str) -> bool:
    """Whether the answer is only the name of what the question is about."""
    about = {normalise(str(part)) for part in problem.meta.get("about") or ()}
    return normalise(core(_line(text), words_asked(problem))) in about


def _numbered(text: str, value: str | None) -> str | None:
    if value is None or not (value[0].isdecimal() or START.match(value)):
        return value
    number = _number(_line(text))
    return value if number is None else canonical_number(number)


def answers_in(problem: Problem, text: str) -> list[str]:
    """The names in a text's answer: those of its line. If they are of several things, those of its first
    clause, or of the part of its sentence that answers, if that names one.
    """
    line = _line(text)
    names = named(problem, line)
    for part in (_CLAUSE_END.split(line, maxsplit=1)[0], core(line, words_asked(problem))):
        if names and not one_of(problem, names):
            narrower = named(problem, part)
            names = narrower if one_of(problem, narrower) else names
    return names


def is_symbol(answer: str, symbol: str) -> bool:
    """Whether an answer as written (its line) gives the chemical symbol."""
    short = core(answer).strip(" .!?*\"'()")
    if short == symbol or short.casefold() == symbol.casefold():
        return short == symbol or not _is_formula(short)
    tokens = re.findall(r"[^\W\d_]+", short)
    if len(tokens) > _LONGEST:
        return False
    rest = tokens[1:] if tokens and tokens[0].casefold() in _WORDS else tokens
    return symbol in rest


def _is_formula(text: str) -> bool:
    """Whether two capitals read as two elements."""
    return len(text) == 2 and text.isupper() and all(letter in _one_letter() for letter in text)


def _one_letter() -> frozenset[str]:
    return frozenset(e.symbol for e in elements() if len(e.symbol) == 1)


def _number(answer: str) -> Fraction | None:
    """The number in the line that answers: from its core ("X is 26, a metal"), else from the whole line."""
    for part in (core(answer), answer):
        given = stated(_DATES.sub(" ", part), marked=True)
        if isinstance(given, StatedNumber) and isinstance(given.value, Fraction):
            return given.value
    return None


NAMES, WHOLE = Text(within=True), Text()
_LONGEST = 6
_WORDS = {"i", "in", "as", "he", "at", "no", "be", "am"}
"""Symbols that are English words, at the head of a phrase."""
_CLAUSE_END = re.compile(r",? which |, (?:a|an|the|but|although|though|not) ")
_DATES = re.compile(
    r"\b(?:in|as of|by|since|from) (?:19|20)[0-9]{2}\b|\((?:19|20)[0-9]{2}[^()]{0,12}\)", re.IGNORECASE
)
