"""The checker of questions with a short answer: a name, a number or a chemical symbol.

Where a question asks for a country, a continent or an element, the answer is the one that the line names
(naming.py); other names are the `text` checker's business. A number is the first one of the answer's
sentence, in digits or in words; years that only date it do not count. A symbol may have any case if it is the
whole answer and means nothing else so written ("CO" is carbon monoxide and not cobalt); inside a phrase its
case must be right. Which of the three it is, the problem's meta says in `form`; the canonical answer does not
hang on that.
"""

from __future__ import annotations

import re
from fractions import Fraction

from lab.core.types import Problem, Verdict
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.numeric import canonical_number, pick_number
from lab.tasks.checkers.text import Text, core, normalise, words_asked
from lab.tasks.elements import elements, in_words
from lab.tasks.naming import asked_for, named, one_of


class ShortAnswer:
    """Right if the short answer is the gold, or one of its aliases."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """By `problem.meta["form"]` (name if it is not there); unscored without a gold."""
        form = problem.meta.get("form", "name")
        golds = gold_texts(problem.gold)
        if form == "name" or not golds:
            return self._name(problem, text, {normalise(gold) for gold in golds})
        answer = NAMES.answer_line(text)
        right = _number(answer) == Fraction(golds[0].replace(",", "")) if form == "number" else False
        right = right or (form == "symbol" and is_symbol(answer, golds[0]))
        said = self.canonical_for(problem, text)
        return Verdict(right, said, f"{(said or '')[:80]!r} {'is' if right else 'is not'} {golds[0]}")

    def _name(self, problem: Problem, text: str, golds: set[str]) -> Verdict:
        """Right if all that is named is accepted; what names nothing of its kind has to be the gold."""
        value = self.canonical_for(problem, text)
        names = answers_in(problem, text)
        if not golds or not names:
            verdict = (NAMES if asked_for(problem) is None else WHOLE).check(problem, text)
            return Verdict(verdict.correct, value, verdict.reason)
        right = golds.issuperset(names)
        return Verdict(right, value, f"it names {', '.join(dict.fromkeys(names))[:80]}")

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The thing the answer names, where the problem asks for one of a known kind; else `canonical`."""
        named_one = one_of(problem, answers_in(problem, text))
        return named_one or _numbered(text, NAMES.canonical_for(problem, text))

    def canonical(self, text: str) -> str | None:
        """The normalised answer; the number alone where the answer begins with one, or is one in words."""
        return _numbered(text, NAMES.canonical(text))


def _numbered(text: str, value: str | None) -> str | None:
    if value is None or not (value[0].isdecimal() or value in _SPELLED):
        return value
    number = _number(NAMES.answer_line(text))
    return value if number is None else canonical_number(number)


def answers_in(problem: Problem, text: str) -> list[str]:
    """The names that a text answers with: those of its answer's line, or where they are of several things,
    those of the side of its sentence that answers, if there are any."""
    line = NAMES.answer_line(text)
    names = named(problem, line)
    return names if one_of(problem, names) else named(problem, core(line, words_asked(problem))) or names


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
    """The number that an answer's line gives; from its core ("X is 26, a metal"), else from all of it."""
    answer = _THOUSANDS.sub("", answer)
    for part in (core(answer), answer):
        plain = _DATES.sub(" ", part)
        if (number := pick_number(plain, marked=True)) is not None:
            return number
        if not _DIGIT.search(plain) and (spelled := _spelled(plain)) is not None:
            return spelled
    return None


def _spelled(text: str) -> Fraction | None:
    """The number that the words spell, "and" aside; None if they spell none or several."""
    words = normalise(text).split()
    runs: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word in _NUMBER_WORDS:
            run.append(word)
        elif run and word == "and":
            continue
        elif run:
            runs.append(" ".join(run))
            run = []
    found = {_SPELLED[r] for r in runs if r in _SPELLED}
    return Fraction(found.pop()) if len(found) == 1 and all(r in _SPELLED for r in runs) else None


NAMES, WHOLE = Text(within=True), Text()
_LONGEST = 6
_WORDS = {"i", "in", "as", "he", "at", "no", "be", "am"}
"""Symbols that are English words, at the head of a phrase."""
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_DIGIT = re.compile(r"[0-9]")
_DATES = re.compile(
    r"\b(?:in|as of|by|since|from) (?:19|20)[0-9]{2}\b|\((?:19|20)[0-9]{2}[^()]{0,12}\)", re.IGNORECASE
)
_SPELLED = {normalise(in_words(n)): n for n in range(200)}
_SPELLED |= {words.removeprefix("one "): n for words, n in _SPELLED.items() if n >= 100}
_NUMBER_WORDS = {word for words in _SPELLED for word in words.split()}
