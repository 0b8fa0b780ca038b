"""Sampling for strategies and for scorers that generate samples themselves.

All use the same role, tag, indices and log-probability flag, so that sample i of a problem is the same
completion everywhere and the bank generates it once. A completion that fails stays in the pool as an
unparsed, wrong candidate, so that the failure of one of n samples does not lose the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.core.types import Candidate, Completion, Plan, Question, Request
from lab.errors import CompletionError


def draw(
    question: Question, n: int, temperature: float | None, *, start: int = 0, tag: str = "sample"
) -> Plan[tuple[Candidate, ...]]:
    """Samples start..start+n-1 of a question, in order; `temperature` None keeps the question's.

    Samples that the budget does not allow are left out; failed ones are included. Raises CompletionError if
    none of the n could be generated. To sample in several steps (one at a time), yield `sample_requests`,
    turn each completion into a `candidate`, and call `some_drawn` on all of them at the end.
    """
    completions = yield sample_requests(question, n, temperature, start=start, tag=tag)
    return tuple(candidate(question, c) for c in some_drawn(completions) if c.finish_reason != "budget")


def sample_requests(
    question: Question, n: int, temperature: float | None, *, start: int = 0, tag: str = "sample"
) -> list[Request]:
    """The requests for the samples. They always include log-probabilities, so that all strategies share one
    pool.
    """
    sampling = question.sampling.but(logprobs=True, seed=None)
    if temperature is not None:
        sampling = sampling.but(temperature=temperature)
    return [Request(question.messages, sampling, tag=tag, index=start + i, required=False) for i in range(n)]


def some_drawn(completions: Sequence[Completion]) -> Sequence[Completion]:
    """The same completions. Raises CompletionError if none of them has a text."""
    if not any(c.drawn for c in completions):
        errors = [c.error for c in completions if c.error]
        raise CompletionError(errors[0] if errors else "the budget is too small for a single completion")
    return completions


def candidate(question: Question, completion: Completion) -> Candidate:
    """A completion with its canonical answer (None: unparsed or failed)."""
    return Candidate(completion, question.read(completion))
