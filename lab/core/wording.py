"""Wording that a corpus teaches and an evaluation asks with.

A model trained to verify or to try again helps only if it is asked in the words it has learned. These texts
are therefore shared: the scorers and strategies of `eval` ask with them, the methods of `data_gen` make
training prompts of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import exp, inf

YES, NO = "Yes", "No"

IS_IT_RIGHT = "Is the answer above correct? Reply with exactly one word, Yes or No."
"""Asked behind an answer; the reply is YES or NO (the scorer `p_true`)."""

CHECK_IT = (
    "Check the answer above step by step: redo the work and compare. "
    'End with one line that says "Verdict: correct" or "Verdict: incorrect".'
)
"""Asked behind an answer; the reply is a written check that `read_verdict` reads (scorer `self_verify`)."""

RETRY = (
    "Earlier attempts at the problem below, which may be wrong:\n\n{attempts}\n\n"
    "Solve the problem again.\n\n{question}"
)
"""The whole user turn that asks for another attempt (the strategy `sequential_revision`)."""

DIGITS = tuple("123456789")
"""The ratings that RATE_IT asks for ("10" begins with the token of "1" in many vocabularies)."""

RUBRIC = (
    "A good answer understands the question, makes no mistake in any step, "
    "and ends with the right final answer."
)

RATE_IT = "Rate the answer above. {rubric}\nReply with one digit from 1 (wrong) to 9 (certainly right)."
"""Asked behind an answer; `expected_rating` reads the reply's first token (the scorer `rubric`)."""


def expected_rating(choices: Mapping[str, float]) -> float:
    """(E[digit] - 1) / 8 over the digits' log-probabilities; 0.5 when all of them are impossible.

    Raises ValueError when there is not one.
    """
    logprobs = {int(d): choices[d] for d in DIGITS if d in choices}
    if not logprobs:
        raise ValueError("the engine returned no log-probabilities of the digits, which a rating needs")
    top = max(logprobs.values())
    if top == -inf:
        return 0.5
    weights = {digit: exp(logprob - top) for digit, logprob in logprobs.items()}
    mean = sum(digit * weight for digit, weight in weights.items()) / sum(weights.values())
    return (mean - 1) / 8


def read_verdict(text: str) -> bool | None:
    """The last verdict of a written check: True for "correct", False for "incorrect", None for none."""
    found = _VERDICT.findall(text)
    return found[-1].lower() == "correct" if found else None


def retry(question: str, attempts: Sequence[str]) -> str:
    """The user turn RETRY with these attempts, numbered from 1, oldest first."""
    numbered = (f"Attempt {i}:\n{text}" for i, text in enumerate(attempts, 1))
    return RETRY.format(attempts="\n\n".join(numbered), question=question)


_VERDICT = re.compile(r"verdict\W{0,8}(?:is\W{1,4})?(correct|incorrect)\b", re.IGNORECASE)
