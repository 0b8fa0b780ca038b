"""What counts as an abstention, and what it is worth to which problem."""

from __future__ import annotations

import time

import pytest

from lab.core.types import Problem, Verdict
from lab.errors import StageError
from lab.language.abstention.reading import ABSTAINED, I_DO_NOT_KNOW, abstains
from lab.tasks.checkers import Text
from lab.tasks.checkers.verdicts import canonical, judge

ABSTENTIONS = [
    I_DO_NOT_KNOW,
    "I don’t know",
    "I do not know the answer.",
    "**I don't know.**",
    "I'm sorry, but I don't know the capital of Zorvania.",
    "I am not sure.",
    "I'm not aware of any country called Zorvania.",
    "I cannot answer that.",
    "Sorry, I couldn't find any information about Zorvania.",
    "I don't have enough information to answer this question.",
    "I have no idea.",
    "As an AI language model, I do not have information about Zorvania.",
    "The answer is unknown.",
    "Unknown",
    "N/A",
    "There is no country called Zorvania.",
    "There is no such city.",
    "Zorvania does not exist.",
    "Zorvania is a fictional country, so it has no capital.",
    "The capital of Zorvania is not known.",
    "It is impossible to say.",
    "I've never heard of Zorvania.",
    "Hello! I don't know that one.",
]
ANSWERS = [
    "",
    "Paris",
    "The capital of France is Paris.",
    "I don't know, but perhaps Paris.",
    "I'm not sure. I think it is Paris.",
    "I don't know exactly, but the capital is Paris.",
    "I am not sure about this. The answer is 42.",
    "I know that the capital is Paris.",
    "There is no doubt that the capital is Paris.",
    "There is no better known capital than Paris.",
    "Paris. I don't know anything else about it, because the answer is short.",
    "What nobody knows is why. #### 42",
    "He does not know the way, so 3 + 4 = 7.",
    "The unknown is x. x = 3",
    "Unknown Pleasures is the name of the album.",
]


@pytest.mark.parametrize("text", ABSTENTIONS)
def test_abstentions(text: str) -> None:
    assert abstains(text)
    assert canonical(Text(), Problem("p", (), None), text) == ABSTAINED


@pytest.mark.parametrize("text", ANSWERS)
def test_answers(text: str) -> None:
    assert not abstains(text)


def test_worth() -> None:
    """Right where there is no answer, wrong but no guess where there is, unscored where nobody knows."""
    known, impossible = Problem("p", (), "Paris"), Problem("p", (), None, {"answerable": False})
    assert judge(Text(), known, "Paris").correct is True
    said = judge(Text(), known, I_DO_NOT_KNOW)
    assert (said.correct, said.value, said.abstained) == (False, ABSTAINED, True)
    wrong = judge(Text(), known, "Rome")
    assert (wrong.correct, wrong.abstained) == (False, False)
    said = judge(Text(), impossible, I_DO_NOT_KNOW)
    assert (said.correct, said.abstained) == (True, True)
    made_up = judge(Text(), impossible, "Its capital is Zor.")
    assert (made_up.correct, made_up.abstained) == (False, False)
    assert judge(Text(), Problem("p", (), None), I_DO_NOT_KNOW).correct is None


def test_gold_that_is_unknown() -> None:
    """A puzzle whose right answer is "unknown" keeps it."""
    verdict = judge(Text(), Problem("p", (), "unknown"), "The answer is unknown.")
    assert verdict.correct is True
    assert not verdict.abstained


@pytest.mark.parametrize(
    "text", ["I don't know " * 50_000, "there is no " * 50_000, "a" * 10**6, "the answer is " * 9**5]
)
def test_untrusted_text_is_read_in_linear_time(text: str) -> None:
    start = time.process_time()
    abstains(text)
    assert time.process_time() - start < 1.0


class Broken(Text):
    """A checker whose machinery is broken, or that chokes on a text."""

    stage: bool = True

    def check(self, problem: Problem, text: str) -> Verdict:
        raise StageError("nothing can be checked here") if self.stage else ValueError("this text")


def test_a_checker_that_can_check_nothing_ends_the_stage() -> None:
    problem = Problem("p", (), "Paris")
    with pytest.raises(StageError, match="nothing can be checked here"):
        judge(Broken(), problem, "Paris")
    said = judge(Broken(stage=False), problem, "Paris")
    assert (said.correct, said.reason) == (None, "the checker raised ValueError: this text")
