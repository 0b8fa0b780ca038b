"""Applies a checker to a text: the only place where texts become verdicts or canonical answers.

A checker is code that runs on untrusted text. If it raises an exception, the verdict is unscored. What no
checker can know (abstentions, unfinished reasoning, a text that was cut off, a repetition of the question) is
decided here, in the same way for all.
"""

from __future__ import annotations

from lab.core.protocols import Checker
from lab.core.types import Problem, Verdict, last_user_turn
from lab.errors import StageError
from lab.language.abstention.reading import ABSTAINED, abstains, answerable
from lab.language.echo import after_question
from lab.language.reasoning import UNFINISHED, without_reasoning


def canonical(checker: Checker, problem: Problem, text: str, *, cut: bool = False) -> str | None:
    """The canonical answer: ABSTAINED, or the checker's, or None if it finds none or raises an exception.

    A StageError is passed on: the checker raises it if it cannot check anything on this machine. `cut`: the
    text was cut off at `max_tokens`; then only an explicit marker gives an answer.
    """
    said = _heard(checker, problem, text, cut)
    if isinstance(said, Verdict):
        return None
    if abstains(said):
        return ABSTAINED
    try:
        return checker.canonical_for(problem, said)
    except StageError:
        raise
    except Exception:  # a checker is code over untrusted text
        return None


def judge(checker: Checker, problem: Problem, text: str, *, cut: bool = False) -> Verdict:
    """The verdict on a text: the checker's, or that for an abstention.

    A text that the checker accepts is right, even if it looks like an abstention ("unknown" may be the gold).
    Without a gold, or if the checker raises an exception, the text is unscored, with the reason. A StageError
    is passed on: the checker raises it if it cannot check anything on this machine. Unfinished reasoning, a
    text that was `cut` before its answer, an empty text and a text that only repeats the question are wrong
    and have no value; they are neither abstentions nor hallucinations.
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
    """The verdict on an answer to a question that has one. Raises what the checker raises."""
    if problem.gold is None:
        no = abstains(said)
        value = ABSTAINED if no else checker.canonical_for(problem, said)
        return Verdict(None, value, "the right answer is not known", abstained=no)
    verdict = checker.check(problem, said)
    if verdict.correct is False and abstains(said):
        return Verdict(False, ABSTAINED, "abstains", abstained=True)
    return verdict


def _heard(checker: Checker, problem: Problem, text: str, cut: bool) -> str | Verdict:
    """The text without reasoning and repeated question, or the verdict on a text that has no answer."""
    spoken_text = without_reasoning(text)
    if spoken_text is None:
        return Verdict(False, None, UNFINISHED)
    if not spoken_text.strip():
        return Verdict(False, None, "empty text")
    said = after_question(spoken_text, last_user_turn(problem.messages))
    if not said.strip():
        return Verdict(False, None, "it only repeats the question")
    if cut and not _points(checker, said):
        return Verdict(False, None, CUT)
    return said


def _points(checker: Checker, text: str) -> bool:
    """Whether an explicit marker holds the answer. False if the checker cannot tell."""
    try:
        return bool(checker.points_at_answer(text))
    except StageError:
        raise
    except Exception:
        return False


CUT = "cut at its limit of tokens before an answer"
"""The reason of a verdict on a text that was cut off at `max_tokens` before a marker."""
