"""What every strategy shares: the shape of the component, and one way of drawing samples.

All strategies draw through `draw`, with the same role, tag, indices and log-probability flag, so that
sample i of a problem is the same completion in every strategy and the bank draws it once. A completion
that fails stays in the pool as an unparsed, wrong candidate: losing one of n must not lose the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf, isnan

from pydantic import Field

from eval.pool import Estimate, Pool
from eval.scorers import MeanLogprob, Scorer
from eval.scorers.base import ScorerComponent
from lab.core.component import Component
from lab.core.errors import CompletionError
from lab.core.types import Answer, Candidate, Plan, Question, Request


class StrategyComponent(Component):
    """Base of the strategies; a subclass gives `kind`, `solve`, and what else holds of it below."""

    kind: str
    name: str = ""
    """Label in tables and curves, unique within a stage. Empty: made from the kind and the scorer."""

    @property
    def label(self) -> str:
        """Display name."""
        return self.name or self.kind

    @property
    def pool(self) -> int:
        """How many candidates it draws."""
        return 1

    @property
    def scorer_kind(self) -> str:
        """Its scorer's kind, "" without one."""
        return ""

    @property
    def ceiling(self) -> bool:
        """Whether it reads the gold, through `Question.oracle`."""
        return False

    @property
    def measured(self) -> bool:
        """Whether its answer is a point of its own (the pool of `sample` is not)."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """Answer one question; the plan may yield any requests."""
        raise NotImplementedError
        yield []

    def estimates(self, pool: Pool) -> list[Estimate]:
        """Points that this problem's checked pool allows beyond the answer given (k < n).

        Called after the answer; always the same points in the same order; `pool` has no unscored candidate.
        """
        return []


class Sampled(StrategyComponent):
    """Base of the strategies that draw n samples."""

    n: int = Field(default=16, ge=1)
    """Samples drawn; points at k = 1, 2, 4, ... < n are derived from the same samples."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""

    @property
    def pool(self) -> int:
        """n."""
        return self.n

    def faults(self) -> Iterable[tuple[str, str]]:
        """Several samples at temperature 0 are one sample."""
        if self.n > 1 and self.temperature == 0:
            yield "temperature", f"must be above 0: all {self.n} samples would be equal"


class Scored(Sampled):
    """Base of the strategies that choose with a scorer."""

    scorer: Scorer = MeanLogprob()
    """Who scores the samples."""

    @property
    def label(self) -> str:
        """The kind with the scorer in brackets."""
        return self.name or f"{self.kind}[{self.scorer.kind}]"

    @property
    def scorer_kind(self) -> str:
        """The scorer's kind."""
        return self.scorer.kind

    @property
    def ceiling(self) -> bool:
        """Whether the scorer reads the gold."""
        return self.scorer.ceiling


def draw(question: Question, n: int, temperature: float | None) -> Plan[tuple[Candidate, ...]]:
    """Samples 0..n-1 of a question, in order; `temperature` None keeps the question's.

    Log-probabilities are always asked for, so that every strategy shares the same pool. Raises
    CompletionError when not one of them could be drawn.
    """
    sampling = question.sampling.but(logprobs=True, seed=None)
    if temperature is not None:
        sampling = sampling.but(temperature=temperature)
    requests = [Request(question.messages, sampling, tag="sample", index=i, required=False) for i in range(n)]
    completions = yield requests
    if all(c.finish_reason == "error" for c in completions):
        raise CompletionError(completions[0].error or "no sample could be drawn")
    return tuple(
        Candidate(c, None if c.finish_reason == "error" else question.canonical(c.text)) for c in completions
    )


def judged(
    scorer: ScorerComponent, question: Question, candidates: Sequence[Candidate]
) -> Plan[tuple[Candidate, ...]]:
    """The candidates with their scores; failed ones keep None and are not shown to the scorer.

    Raises ValueError when the scorer does not give one number per candidate.
    """
    alive = [c for c in candidates if c.completion.finish_reason != "error"]
    scores = yield from scorer.score(question, alive)
    if len(scores) != len(alive) or any(isnan(s) for s in scores):
        raise ValueError(
            f"scorer {scorer.kind} gave {len(scores)} scores (or NaN) for {len(alive)} candidates"
        )
    given = iter(scores)
    return tuple(
        c if c.completion.finish_reason == "error" else replace(c, score=next(given)) for c in candidates
    )


def first_alive(candidates: Sequence[Candidate]) -> Candidate:
    """The first candidate that was drawn at all."""
    return next(c for c in candidates if c.completion.finish_reason != "error")


def rank(candidate: Candidate) -> float:
    """Its score, -inf for a failed candidate."""
    return -inf if candidate.score is None else candidate.score
