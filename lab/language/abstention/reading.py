"""Saying "I don't know", and what it is worth: the lab's one place that reads an abstention.

An abstention is a text whose answer is that there is none to give: the model does not know, its source does
not say, or what was asked about does not exist (abstention_phrases.py). A guess behind it ("I don't know,
but perhaps Paris") is an answer. To a question that has an answer an abstention is wrong, but no
hallucination; to one that has none (`meta["answerable"]` False) it is the only right word. It is a class of
its own in every vote: `ABSTAINED` is its canonical answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.core.types import Problem, Verdict
from lab.errors import StageError
from lab.language.abstention.phrases import ABSTAINS, ANSWERS, BUT, GUESS, OFFER, POLITE
from lab.language.echo import after_question, question_of
from lab.language.reasoning import UNFINISHED, spoken, without_reasoning

if TYPE_CHECKING:
    from lab.core.protocols import Checker

ABSTAINED = "(abstains)"
"""The canonical answer of an abstention; no checker makes it of another text."""
I_DO_NOT_KNOW = "I don't know."
"""What the lab writes where a method abstains, and what a corpus teaches."""


def abstains(text: str) -> bool:
    """Whether a text says that it has no answer to give, and gives none. Linear in the text's length.

    An empty text says nothing, and one whose reasoning never ended has not come to say it.
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
    """Whether an abstaining sentence goes on with an answer: "I am not sure, but Paris."."""
    behind = [part for part in BUT.split(sentence)[1:] if part.strip()]
    return any(not ABSTAINS.search(part) and not OFFER.match(part) for part in behind) or bool(
        _MARKED.search(sentence) or _GUESSED.search(sentence)
    )


def answerable(problem: Problem) -> bool:
    """Whether the problem has an answer at all; one that does not say so has."""
    return problem.meta.get("answerable") is not False


def canonical(checker: Checker, problem: Problem, text: str, *, cut: bool = False) -> str | None:
    """The canonical answer: ABSTAINED, the checker's, or None where it reads none or chokes on the text.

    A StageError, with which a checker says that it can check nothing here, goes on. `cut`: the text ended at
    its limit of tokens; then it has an answer only behind an explicit marker.
    """
    said = _heard(checker, problem, text, cut)
    if isinstance(said, Verdict):
        return None
    if abstains(said):
        return ABSTAINED
    try:
        return _read(checker, problem, said)
    except StageError:
        raise
    except Exception:  # a checker is code over untrusted text
        return None


def judge(checker: Checker, problem: Problem, text: str, *, cut: bool = False) -> Verdict:
    """The verdict on a text: the checker's, or what an abstention is worth here.

    What the checker accepts stays right ("unknown" may be the gold). Without a gold, or when the checker
    raises, the text is unscored, with the reason; that is no fault of the text. A StageError, with which it
    says that it can check nothing here, goes on. Unfinished reasoning, a text that was `cut` before its
    answer, one that is empty and one that only repeats the question are wrong and have no value: they are
    neither abstentions nor hallucinations.
    """
    said = _heard(checker, problem, text, cut)
    if isinstance(said, Verdict):
        known = problem.gold is not None or not answerable(problem)
        return said if known else Verdict(None, None, said.reason)
    if not answerable(problem):
        if abstains(said):
            return Verdict(True, ABSTAINED, "abstained, and the question has no answer", abstained=True)
        return Verdict(False, canonical(checker, problem, said), "answered a question that has no answer")
    try:
        return _compared(checker, problem, said)
    except StageError:
        raise
    except Exception as error:
        return Verdict(None, None, f"the checker raised {type(error).__name__}: {error}"[:500])


def _compared(checker: Checker, problem: Problem, said: str) -> Verdict:
    """The verdict on what is said to a question that has an answer; raises what the checker raises."""
    if problem.gold is None:
        no = abstains(said)
        value = ABSTAINED if no else _read(checker, problem, said)
        return Verdict(None, value, "the right answer is not known", abstained=no)
    verdict = checker.check(problem, said)
    if verdict.correct is False and abstains(said):
        return Verdict(False, ABSTAINED, "abstains", abstained=True)
    return verdict


def _heard(checker: Checker, problem: Problem, text: str, cut: bool) -> str | Verdict:
    """What a text says to the problem, or the verdict on one that says nothing."""
    spoken_text = without_reasoning(text)
    if spoken_text is None:
        return Verdict(False, None, UNFINISHED)
    if not spoken_text.strip():
        return Verdict(False, None, "empty text")
    said = after_question(spoken_text, question_of(problem.messages))
    if not said.strip():
        return Verdict(False, None, "it only repeats the question")
    if cut and not _points(checker, said):
        return Verdict(False, None, CUT)
    return said


def _points(checker: Checker, text: str) -> bool:
    """Whether an explicit marker holds the answer; a checker that cannot tell reads no text that was cut."""
    points = getattr(checker, "points_at_answer", None)
    try:
        return points is not None and bool(points(text))
    except StageError:
        raise
    except Exception:
        return False


def _read(checker: Checker, problem: Problem, text: str) -> str | None:
    """The checker's canonical answer, read beside the question where it can do that."""
    reads = getattr(checker, "canonical_for", None)
    return checker.canonical(text) if reads is None else reads(problem, text)


CUT = "cut at its limit of tokens before an answer"
"""The reason of a verdict on a text that ended at `max_tokens` without a marker."""
_LONGEST, _FEW = 2000, 4
_APOSTROPHES = re.compile(r"[’‘`´]")
_MARKUP = re.compile(r"^[#>*\s-]+(?=\D)|[*_\"“”]|</?answer>|\\boxed\{|\\text\{|\}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_NAME_ASKED = re.compile(r"(?:the )?(?:[A-Z]\w+|\d+)(?:\s[A-Z]\w+){0,2}\s?\?")
"""A name with a question mark ("Paris?") is a guess; other questions ask for something."""
_GUESSED = re.compile(r",\s[A-Z]\w+\?$")
_MARKED = re.compile(r"####\s*\d|\\boxed\{\d", re.IGNORECASE)
