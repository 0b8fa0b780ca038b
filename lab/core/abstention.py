"""Saying "I don't know", and what it is worth: the lab's one place that reads an abstention.

An abstention is a text whose answer is that there is none to give: the model does not know, or what was asked
about does not exist. A guess behind it ("I don't know, but perhaps Paris") is an answer. To a question that
has an answer an abstention is wrong, but no hallucination; to one that has none (`meta["answerable"]` False)
it is the only right word. It is a class of its own in every vote: `ABSTAINED` is its canonical answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.core.errors import StageError
from lab.core.types import Problem, Verdict

if TYPE_CHECKING:
    from lab.core.protocols import Checker

ABSTAINED = "(abstains)"
"""The canonical answer of an abstention; no checker makes it of another text."""
I_DO_NOT_KNOW = "I don't know."
"""What the lab writes where a method abstains, and what a corpus teaches."""


def abstains(text: str) -> bool:
    """Whether a text says that it has no answer to give, and gives none. Linear in the text's length."""
    plain = _APOSTROPHES.sub("'", text).strip()[:_LONGEST]
    sentences = [s for s in (_MARKUP.sub("", s).strip() for s in _SENTENCE_END.split(plain)) if s]
    if not sentences or _GUESS.search(plain):
        return False
    first = next((s for s in sentences if not _GREETING.fullmatch(s)), "")
    others = (s for s in sentences if not _ABSTAINS.search(s))
    return bool(_ABSTAINS.search(first)) and not any(_ANSWERS.search(s) for s in others)


def answerable(problem: Problem) -> bool:
    """Whether the problem has an answer at all; one that does not say so has."""
    return problem.meta.get("answerable") is not False


def canonical(checker: Checker, problem: Problem, text: str) -> str | None:
    """The canonical answer: ABSTAINED, the checker's, or None where it reads none or chokes on the text."""
    if abstains(text):
        return ABSTAINED
    try:
        return _read(checker, problem, text)
    except Exception:  # a checker is code over untrusted text
        return None


def judge(checker: Checker, problem: Problem, text: str) -> Verdict:
    """The verdict on a text: the checker's, or what an abstention is worth here.

    What the checker accepts stays right ("unknown" may be the gold). Without a gold, or when the checker
    raises, the text is unscored, with the reason; that is no fault of the text. A StageError, with which it
    says that it can check nothing here, goes on.
    """
    if not answerable(problem):
        if abstains(text):
            return Verdict(True, ABSTAINED, "abstained, and the question has no answer", abstained=True)
        return Verdict(False, canonical(checker, problem, text), "answered a question that has no answer")
    try:
        if problem.gold is None:
            said = abstains(text)
            value = ABSTAINED if said else _read(checker, problem, text)
            return Verdict(None, value, "the right answer is not known", abstained=said)
        verdict = checker.check(problem, text)
    except StageError:
        raise
    except Exception as error:
        return Verdict(None, None, f"the checker raised {type(error).__name__}: {error}"[:500])
    if verdict.correct is False and abstains(text):
        return Verdict(False, ABSTAINED, "abstains", abstained=True)
    return verdict


def _read(checker: Checker, problem: Problem, text: str) -> str | None:
    """The checker's canonical answer, read beside the question where it can do that."""
    reads = getattr(checker, "canonical_for", None)
    return checker.canonical(text) if reads is None else reads(problem, text)


_LONGEST = 2000
_GREETING = re.compile(
    r"(?:(?:hello|hi|sorry|i'?m sorry|i apologi[sz]e|thank you|(?:great|good) question)[^.!?,]{0,60})[.!]",
    re.IGNORECASE,
)
"""What may stand before an abstention, which else comes first."""
_APOSTROPHES = re.compile(r"[’‘`´]")
_MARKUP = re.compile(r"[*_\"“”]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_OPENING = (
    r"^(?:(?:i'?m |i am )?(?:very |so )?sorry,? |unfortunately,? |well,? |hmm,? |honestly,? |actually,? "
    r"|but |and |as an? [^,]{1,40}, |the answer(?: is|:) |answer: ){0,3}"
)
_KNOW = (
    r"i (?:really |honestly |truly |simply |just |currently )?(?:do not|don'?t|did not|didn'?t)"
    r" (?:actually |really )?(?:know|have (?:any |enough |an? |the |that |this |specific )*(?:information|"
    r"knowledge|data|answer|idea)|recall|remember|recognize|recognise|understand)"
    r"|i(?: have|'ve) no (?:idea|information|knowledge|answer|data)"
    r"|i(?: have|'ve) never heard of"
    r"|i(?:'m| am) (?:not (?:sure|certain|aware|familiar|able to)|unsure|uncertain|unable to"
    r"|unaware|unfamiliar)"
    r"|i (?:can ?not|can'?t|could not|couldn'?t|won'?t) (?:\w+ )?(?:answer|find|tell|say|determine|provide"
    r"|give|confirm|verify|identify|help|know|be sure|be certain)"
)
_NOTHING = (
    r"there (?:is|are|was|were|exists?) no (?:such|known|recorded|official|information|record|data|evidence"
    r"|(?:real |actual )?(?:country|city|town|place|element|capital|currency|answer)\b)"
    r"|there (?:isn'?t|is not|aren'?t|doesn'?t|does not) (?:exist )?(?:any|an?|such)\b"
    r"|no such (?:\w+ ){1,4}(?:exists?|is known)"
    r"|(?:it|this|that|the answer|the question)(?: is|'s) (?:\w+ )?(?:unknown|not known|unanswerable"
    r"|not answerable|impossible to (?:answer|say|tell|know|determine))"
    r"|[^.!?]{1,120} (?:does not|doesn'?t|do not|don'?t) (?:actually |really )?exist\b"
    r"|[^.!?]{1,120} (?:is|are) (?:not a real|not real|a fictional|fictional|an? (?:fictitious|imaginary"
    r"|made-up|invented|nonexistent|non-existent)|fictitious|imaginary|made up|nonexistent|non-existent"
    r"|unknown\b|not known\b)"
    r"|(?:unknown|unanswerable|not known|no answer|n/a|none known)[.!]?$"
)
_ABSTAINS = re.compile(f"{_OPENING}(?:{_KNOW}|{_NOTHING})", re.IGNORECASE)
_GUESS = re.compile(
    r"\b(?:maybe|perhaps|probably|possibly|i (?:would |will |'d )?(?:think|guess|believe|assume|suppose)"
    r"|my (?:best )?guess|(?:but|however|though|although|yet),? (?:it|the|he|she|they|its|one|some|we|this)\b"
    r"[^.!?]{0,60}\b(?:is|are|was|were|could|might|may|has)\b)",
    re.IGNORECASE,
)
"""A guess behind the abstention: then the text answers after all."""
_ANSWERS = re.compile(
    r"\b(?:answer|result|solution)(?: is|:)\s*\S|####\s*\S|\\boxed\{|<answer>", re.IGNORECASE
)
"""An explicit answer elsewhere in the text."""
