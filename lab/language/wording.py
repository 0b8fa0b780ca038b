"""Prompts that training corpora and evaluations share.

A model trained to verify or revise answers is better only if it is asked in the words of its training data.
The scorers and strategies of `eval` ask with these prompts, and the methods of `data_gen` make training
prompts from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import exp

from lab.language.choices import among

YES, NO = "Yes", "No"

IS_IT_RIGHT = "Is the answer above correct? Reply with exactly one word, Yes or No."
"""Asked behind an answer; the reply is YES or NO (the scorer `p_true`)."""

HOW_SURE = (
    "How likely is it that the answer above is correct? "
    "Reply with only a percentage from 0% (certainly wrong) to 100% (certainly right)."
)
"""Asked behind an answer; `read_percentage` reads the reply (the scorer `verbalized`)."""

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
    """The expected rating in [0, 1]: (E[digit] - 1) / 8, from the digits' log-probabilities.

    Raises NumbersError if none was reported, or if their total probability is too small.
    """
    logprobs = {int(digit): logprob for digit, logprob in among(choices, DIGITS).items()}
    top = max(logprobs.values())
    weights = {digit: exp(logprob - top) for digit, logprob in logprobs.items()}
    mean = sum(digit * weight for digit, weight in weights.items()) / sum(weights.values())
    return (mean - 1) / 8


def read_verdict(text: str) -> bool | None:
    """The last verdict of a written check: True for "correct", False for "incorrect", else None."""
    found = _VERDICT.findall(text)
    return found[-1].lower() == "correct" if found else None


def read_percentage(text: str) -> float | None:
    """A stated confidence in [0, 1]: the first of "85%", "85 percent", "85/100" and "8 out of 10". Otherwise
    a number alone or after a word such as "Confidence:", where 0.85 is a probability and 85 a percentage.

    None if there is none, or if it is above 1. Linear in the text's length.
    """
    if found := _SHARE.search(text):
        return _share(float(found.group(1)) / float(found.group(2) or 100))
    if (found := _NUMBER_ALONE.fullmatch(text)) or (found := _NUMBER_NAMED.search(text)):
        number = found.group(1)
        return _share(float(number) if "." in number and float(number) <= 1 else float(number) / 100)
    return None


def _share(value: float) -> float | None:
    return value if 0 <= value <= 1 else None


def retry(question: str, attempts: Sequence[str]) -> str:
    """The user turn RETRY with these attempts, numbered from 1, oldest first."""
    numbered = (f"Attempt {i}:\n{text}" for i, text in enumerate(attempts, 1))
    return RETRY.format(attempts="\n\n".join(numbered), question=question)


_VERDICT = re.compile(r"verdict\W{0,8}(?:is\W{1,4})?(correct|incorrect)\b", re.IGNORECASE)
_NUMBER = r"(?<![\d.,])(\d{1,6}(?:\.\d{1,9})?)"
_SHARE = re.compile(_NUMBER + r"\s?(?:%|per ?cent\b|(?:/|out of)\s?(100?)\b)", re.IGNORECASE)
_NUMBER_ALONE = re.compile(r"[^\w.]{0,8}" + _NUMBER + r"\W{0,8}")
_NUMBER_NAMED = re.compile(
    r"\b(?:confidence|probability|likelihood|certainty|percentage|chance)\W{1,8}(?:(?:is|of|level|score)\W{1,4}){0,3}"
    + _NUMBER
    + r"(?![\d,/]|\.\d| out of)",
    re.IGNORECASE,
)
