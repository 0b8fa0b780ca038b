"""Short answers in words: "The capital of France is **Paris**." is "paris".

Texts are compared after normalisation: case, accents, articles, punctuation and white space do not
count. The gold may be a list: the name to show and its aliases. Without a marker the answer is
looked for in the first line; "X is Y" is cut down to its answer side, so that a full sentence and a
bare name give the same vote. The side that only repeats the question is not the one that answers it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from typing import Literal

from lab.core.component import Component
from lab.core.marks import normal_form
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import Extract, find_answer, strip_markup
from lab.tasks.checkers.gold import gold_texts


class Text(Component):
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
        """Compares with `problem.gold` (text, or a list with aliases); unscored without a gold."""
        value, whole = self.canonical_for(problem, text), normalise(self.answer_line(text))
        golds = [normalise(gold) for gold in gold_texts(problem.gold)]
        if not any(golds):
            return Verdict(None, value, "the gold answer is empty")
        if value is None:
            return Verdict(False, None, "no answer found")
        right = value in golds or whole in golds or (self.within and _inside(value, golds))
        return Verdict(
            right, value, f"{value[:80]!r} {'is accepted' if right else f'is not {golds[0][:80]!r}'}"
        )

    def canonical(self, text: str) -> str | None:
        """The normalised answer; None if nothing is left of the text."""
        return self._canonical(text, frozenset())

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The same, read beside the question."""
        return self._canonical(text, words_asked(problem))

    def _canonical(self, text: str, asked: Set[str]) -> str | None:
        answer = self.answer_line(text)
        return normalise(core(answer, asked) if self.sentences else answer) or normalise(answer) or None

    def answer_line(self, text: str) -> str:
        """The line (or with `whole` the text) that answers, as written; "" if there is none."""
        found = find_answer(text, self.extract, self.marker)
        if found is None:
            return ""
        line = next((line for line in found.text.splitlines() if normalise(line[:_LONGEST])), "")
        if not line:
            return ""
        return strip_markup((found.text if self.extract == "whole" else line)[:_CUT])[:_LONGEST]


def normalise(text: str) -> str:
    """Case, accents, punctuation and articles removed, words joined by one space; "" if nothing is left.

    Letters of other scripts are kept. "D.C." is "dc": stops and apostrophes vanish, other marks part words.
    """
    text = text.casefold()
    if not _PLAIN.fullmatch(text):
        if not text.isascii():
            text = "".join(c for c in normal_form("NFKD", text) if not unicodedata.combining(c))
        text = _VANISHING.sub("", text.translate(_LETTERS))
        text = _PARTING.sub(" ", text)
    words = text.split()
    kept = [word for word in words if word not in ("a", "an", "the")]
    return " ".join(kept or words)


def words_asked(problem: Problem) -> Set[str]:
    """The normalised words of the question: the last user turn."""
    turns = reversed(problem.messages)
    content = next((turn["content"] for turn in turns if turn["role"] == "user"), "")
    return frozenset(normalise(content).split())


def core(line: str, asked: Set[str] = frozenset()) -> str:
    """The answer side of a sentence: "France's capital is Paris, on the Seine." -> "Paris".

    Of "Paris is the capital of France" it is the first, unless Paris was `asked` about.
    """
    sentence = _SENTENCE_END.split(line, maxsplit=1)[0]
    parts = _VERB.split(sentence, maxsplit=1)
    if len(parts) == 2 and all(normalise(part) for part in parts):
        left, right = parts
        told = _DESCRIPTION.match(right) and not _DESCRIPTION.match(left)
        sentence = left if told and not set(normalise(left).split()) <= asked else right
    return _TAIL.split(sentence.strip(), maxsplit=1)[0]


def _inside(value: str, golds: list[str]) -> bool:
    """Whether a gold's words stand in a row in a value of at most six words."""
    return len(value.split()) <= 6 and any(gold and f" {gold} " in f" {value} " for gold in golds)


_LONGEST, _CUT = 2000, 20_000
"""Characters of an answer's line, and of what it may stand in with its markup."""
SPECIAL = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
"""Letters that are no accented ones, and how they are written without."""
_LETTERS = str.maketrans(SPECIAL)
_PLAIN = re.compile(r"[a-z0-9 ]*")
"""Nothing to take out: most of a large table of names is so."""
_VANISHING = re.compile(r"[.'’‘`ʻʼ´]")
_PARTING = re.compile(r"[^\w]|_")
_SENTENCE_END = re.compile(r"(?<![A-Z])(?<!\bSt)(?<!\bMt)[.!?](?=\s+[A-Z]|\s*$)")
_VERB = re.compile(r"\s(?:is|are|was|were)(?:\s(?:called|named|known as|located in|in))?\s")
_DESCRIPTION = re.compile(
    r"\s*(?:the|a|an|one of|its|their)\s(?:.*\s)?(?:of|in|for|used|that)\b", re.IGNORECASE
)
_TAIL = re.compile(r"[,;:(]|\s[-–—]\s|\s(?:which|where|and (?:is|the|its))\s")
