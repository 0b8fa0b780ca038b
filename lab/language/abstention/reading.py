"""Decides whether a text is an abstention. All checkers and analyses use this module.

A text abstains if it says that it has no answer: the model does not know, its source does not say, or the
thing asked about does not exist (phrases.py). A guess after that ("I don't know, but perhaps Paris") makes
the text an answer. An abstention is wrong if the question has an answer, but it is not a hallucination. If
the question has none (`meta["answerable"]` is False), an abstention is the only right answer. In a vote, all
abstentions form one class with the canonical answer `ABSTAINED`.
"""

from __future__ import annotations

import re

from lab.core.types import Problem
from lab.language.abstention.phrases import ABSTAINS, ANSWERS, BUT, GUESS, OFFER, POLITE
from lab.language.reasoning import spoken

ABSTAINED = "(abstains)"
"""The canonical answer of an abstention. No checker returns it for any other text."""
I_DO_NOT_KNOW = "I don't know."
"""What the lab writes where a method abstains, and what a corpus teaches."""


def abstains(text: str) -> bool:
    """Whether the text says that it has no answer, and gives none. Linear in the text's length.

    False for an empty text and for a text with unfinished reasoning.
    """
    plain = _APOSTROPHES.sub("'", spoken(text)[: 2 * _LONGEST]).strip()[:_LONGEST]
    sentences = [s for s in (_MARKUP.sub("", s).strip() for s in _SENTENCE_END.split(plain)) if s]
    sentences = [s for s in sentences if not POLITE.fullmatch(s) or ABSTAINS.search(s)]
    said = [bool(ABSTAINS.search(s)) for s in sentences]
    if not any(said) or not (said[0] or said[-1]) or GUESS.search(plain):
        return False
    others = (s for s, no in zip(sentences, said, strict=True) if not no)
    return not any(_answers(s) for s in others) and not any(
        _goes_on(s) for s, no in zip(sentences, said, strict=True) if no
    )


def _answers(sentence: str) -> bool:
    """Whether a sentence beside an abstention is an answer: a marker, a claim, or a few words ("Paris.")."""
    if sentence.endswith("?"):
        return bool(_NAME_ASKED.fullmatch(sentence))
    return bool(ANSWERS.search(sentence)) or len(sentence.split()) <= _FEW


def _goes_on(sentence: str) -> bool:
    """Whether an abstaining sentence continues with an answer: "I am not sure, but Paris." """
    behind = [part for part in BUT.split(sentence)[1:] if part.strip()]
    return any(not ABSTAINS.search(part) and not OFFER.match(part) for part in behind) or bool(
        _MARKED.search(sentence) or _GUESSED.search(sentence)
    )


def answerable(problem: Problem) -> bool:
    """Whether the problem has an answer: `meta["answerable"]`, True if it is not set."""
    return problem.meta.get("answerable") is not False


_LONGEST, _FEW = 2000, 4
_APOSTROPHES = re.compile(r"[’‘`´]")
_MARKUP = re.compile(r"^[#>*\s-]+(?=\D)|[*_\"“”]|</?answer>|\\boxed\{|\\text\{|\}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_NAME_ASKED = re.compile(r"(?:the )?(?:[A-Z]\w+|\d+)(?:\s[A-Z]\w+){0,2}\s?\?")
"""A name with a question mark ("Paris?") counts as a guess; other questions do not."""
_GUESSED = re.compile(r",\s[A-Z]\w+\?$")
_MARKED = re.compile(r"####\s*\d|\\boxed\{\d", re.IGNORECASE)
