"""The base of all scorers, and how a scorer asks a verifier.

A scorer gives one score per candidate without the gold; higher is better. `weight` maps a score to [0, 1]
without changing the order, because a vote must be weighted by probabilities and not by raw logits.
`probability` declares whether this weight is also a confidence in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, isfinite
from typing import Any, ClassVar, Self

from eval.learning.study import LearningStudy
from eval.plans.reuse import same
from eval.plans.routing import routed
from lab.core.component import Component
from lab.core.fields import ModelName
from lab.core.types import Candidate, Completion, Messages, Plan, Question, Request, Sampling
from lab.errors import CompletionError, NumbersError
from lab.language.choices import among
from lab.language.wording import NO, YES


class ScorerComponent(Component):
    """Base of the scorers. A subclass defines `kind`, `score` and `weight`."""

    kind: str
    model: ModelName = ""
    """Model that is asked: one of the stage's `models`; empty: the model that generated the candidates."""
    certainty: ClassVar[bool] = False
    """Whether it reads `Completion.confidence` or `Completion.certainty` of the candidates."""
    learns: ClassVar[bool] = False
    """Whether it must be `fitted` on dev problems before it can score."""
    probability: ClassVar[bool] = True
    """Whether `weight` is a probability (of the text, or of being right), so that it can be used as a
    confidence.
    """
    relative: ClassVar[bool] = False
    """Whether a score depends on the other candidates, so that points at smaller n cannot be derived from it.
    """
    ceiling: ClassVar[bool] = False
    """Whether the score uses the gold, so that the result is a ceiling."""

    @property
    def draws(self) -> int:
        """The number of samples that it generates itself, besides the candidates."""
        return 0

    @property
    def label(self) -> str:
        """Display name: the kind, and the model if it is not the policy."""
        return f"{self.kind}:{self.model}" if self.model else self.kind

    def plan(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """`score`, with its requests sent to `model`; strategies call this."""
        return routed(self.score(question, candidates), self.model)

    def study(self, question: Question, candidates: Sequence[Candidate]) -> Plan[Any]:
        """The plan for one dev problem's candidates (only if it `learns`)."""
        raise NotImplementedError
        yield []

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """A copy that has learned from dev problems (only if it `learns`)."""
        raise NotImplementedError

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """One score per candidate, in order; higher is better."""
        raise NotImplementedError
        yield []

    def weight(self, score: float) -> float:
        """The weight in [0, 1] of a vote with this score; it never falls as the score rises."""
        raise NotImplementedError


def ask(requests: Sequence[Request]) -> Plan[list[Completion]]:
    """Runs these requests. Those that failed or exceeded the budget are returned as they are (not `drawn`).

    Equal requests (about equal answers) are run, and charged, once. Raises CompletionError only if all of
    them failed.
    """
    keys = [same(request) for request in requests]
    distinct = dict(zip(reversed(keys), reversed(requests), strict=True))
    order = list(dict.fromkeys(keys))
    drawn = yield [distinct[key] for key in order]
    found = dict(zip(order, drawn, strict=True))
    completions = [found[key] for key in keys]
    if completions and all(c.finish_reason == "error" for c in completions):
        raise CompletionError(completions[0].error or "no completion could be generated")
    return completions


def yes_or_no(messages: Messages, tag: str = "verify") -> Request:
    """One verifier token, Yes or No, with probabilities for `yes_probability`."""
    sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=(YES, NO))
    return Request(messages, sampling, "verifier", tag=tag, required=False)


def yes_probability(completion: Completion) -> float:
    """P(Yes) / (P(Yes) + P(No)) from their log-probabilities over the complete vocabulary.

    0.5 for a failed completion. Raises NumbersError if the engine did not return them, or if both have
    probability 0.
    """
    if not completion.drawn:
        return 0.5
    found = among(completion.choices, (YES, NO))
    odds = found.get(NO, -inf) - found.get(YES, -inf)
    return 0.0 if odds > 700 else 1.0 / (1.0 + exp(odds))  # exp would overflow


def dialogue(question: Question, answer: str, instruction: str) -> Messages:
    """The question's chat, the answer as the assistant's turn, and an instruction about it.

    The beginning of the chat is the same as when the answer was generated, so its tokens are shared.
    """
    turns = ({"role": "assistant", "content": answer}, {"role": "user", "content": instruction})
    return question.messages + turns  # type: ignore[operator]


def token_logprobs(candidate: Candidate) -> tuple[float, ...]:
    """The log-probability of each generated token; () if nothing was generated.

    Raises NumbersError if tokens were generated but the engine returned no log-probabilities, or invalid
    ones.
    """
    return per_token(candidate.completion, "logprobs", "log-probabilities of the tokens")


def per_token(completion: Completion, field: str, what: str) -> tuple[float, ...]:
    """One of a completion's numbers per token; () if nothing was generated.

    Raises NumbersError if tokens were generated but the engine returned none of these numbers, or invalid
    ones.
    """
    found: tuple[float, ...] = getattr(completion, field)
    if completion.usage.completion_tokens and not found:
        raise NumbersError(f"the engine returned no {what}, {_NEEDED}")
    if not all(map(isfinite, found)):
        raise NumbersError(f"the engine returned {what} that are not numbers (NaN or infinite), {_NEEDED}")
    return found


_NEEDED = (
    "but they are needed here. Use an engine or server that returns them, or a scorer or "
    "strategy that does not need them (self_consistency, agreement, self_verify)"
)
