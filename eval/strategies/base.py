"""What every strategy shares: the shape of the component, and how a scorer is asked about its candidates.

All strategies draw through `eval.plans.drawing`, so that sample i of a problem is the same completion in
every one of them and the bank draws it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf, isnan
from typing import Any, Self

from pydantic import BaseModel, Field

from eval.estimators.pool import Pool, PoolEstimate
from eval.learning.study import LearningStudy
from eval.plans.drawing import draw
from eval.plans.routing import routed
from eval.scorers import Scorer
from eval.scorers.base import ScorerComponent
from eval.scorers.likelihood.mean_logprob import MeanLogprob
from lab.core.component import Component
from lab.core.fields import ModelName
from lab.core.types import Answer, Budget, Candidate, Completion, Plan, Question, Usage


class StrategyComponent(Component):
    """Base of the strategies; a subclass gives `kind`, `solve`, and what else holds of it below."""

    kind: str
    name: str = ""
    """Label in tables and curves, unique within a stage. Empty: made from the kind and the scorer."""
    model: ModelName = ""
    """Model that answers: one of the stage's `models`; empty: the stage's own."""
    max_samples: int | None = Field(default=None, ge=1)
    """Maximum number of completions of the answering model per problem."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Maximum number of tokens generated per problem, including those of verifiers."""
    budget_flops: float | None = Field(default=None, gt=0)
    """Maximum number of FLOPs per problem (shared level), including those of verifiers, each model at its own
    size.
    """

    @property
    def curve(self) -> str:
        """Display name of the curve it is a point of."""
        return self.name or self.kind

    @property
    def measured_per_size(self) -> bool:
        """Whether each size is measured on its own, so that one curve needs several entries."""
        return False

    @property
    def label(self) -> str:
        """Display name, unique within a stage."""
        return f"{self.curve}@{self.size}" if self.measured_per_size else self.curve

    @property
    def budget(self) -> Budget | None:
        """The common limits, None without any."""
        limits = Budget(self.max_samples, self.max_tokens, self.budget_flops)
        return None if limits == Budget() else limits

    @property
    def size(self) -> int:
        """How much it was asked to do: candidates, rounds or simulations; the n of its point."""
        return 1

    @property
    def scorer_kind(self) -> str:
        """Its scorer's label, "" without one."""
        return ""

    @property
    def ceiling(self) -> bool:
        """Whether it reads the gold, through `Question.oracle`."""
        return any(part.ceiling for part in members(self))

    @property
    def certainty(self) -> bool:
        """Whether it needs `Completion.confidence` or `Completion.certainty` of its samples."""
        return any(part.certainty for part in members(self))

    @property
    def ranks(self) -> bool:
        """Whether it weighs the question's options, so that it needs some."""
        return any(part.ranks for part in members(self) if isinstance(part, StrategyComponent))

    @property
    def learns(self) -> bool:
        """Whether it must be `fitted` on dev problems first."""
        return any(part.learns for part in members(self))

    @property
    def measured(self) -> bool:
        """Whether its answer is a point of its own (the pool of `sample` is not)."""
        return True

    def plan(self, question: Question) -> Plan[Answer]:
        """`solve`, with its requests sent to `model`; what the loop and other strategies call."""
        return routed(self.solve(question), self.model)

    def study(self, question: Question) -> Plan[Any]:
        """What it wants drawn for one dev problem (only if it `learns`)."""
        raise NotImplementedError
        yield []

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """A copy that has learned from dev problems (only if it `learns`)."""
        raise NotImplementedError

    def solve(self, question: Question) -> Plan[Answer]:
        """Answer one question; the plan may yield any requests."""
        raise NotImplementedError
        yield []

    def judging(self, question: Question, candidate: Candidate) -> Plan[Any]:
        """What it asks about one candidate of its pool alone: nothing, without a scorer."""
        return
        yield []

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """Points that this problem's checked pool allows beyond the answer given (k < n).

        Called after the answer; always the same points in the same order; `pool` has no unscored candidate.
        """
        return []


class SamplingStrategy(StrategyComponent):
    """Base of the strategies that draw n samples."""

    n: int = Field(default=16, ge=1)
    """Number of samples; points at k < n are derived from the same samples."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""

    @property
    def size(self) -> int:
        """n."""
        return self.n

    def faults(self) -> Iterable[tuple[str, str]]:
        """Several samples at temperature 0 are one sample."""
        if self.n > 1 and self.temperature == 0:
            yield "temperature", f"must be above 0, because all {self.n} samples would be equal"


class Scored(SamplingStrategy):
    """Base of the strategies that choose with a scorer."""

    scorer: Scorer = MeanLogprob()
    """Scores the samples."""

    @property
    def curve(self) -> str:
        """The kind with the scorer in brackets."""
        return self.name or f"{self.kind}[{self.scorer.label}]"

    @property
    def scorer_kind(self) -> str:
        """The scorer's label."""
        return self.scorer.label

    @property
    def derivable(self) -> list[int]:
        """The k < n that the pool's scores allow an estimate at: none where a score depends on the pool.

        It does where the scorer compares candidates (`relative`), and where it draws fewer samples of its own
        than there are candidates. These are the first of the same pool, so that some candidates are among
        them and others are not, while in a run with so few candidates all would be.
        """
        scorers = [part for part in members(self) if isinstance(part, ScorerComponent)]
        bound = any(scorer.relative or 0 < scorer.draws < self.n for scorer in scorers)
        return [] if bound else list(range(1, self.n))

    def judging(self, question: Question, candidate: Candidate) -> Plan[Any]:
        """The scorer's requests about this candidate."""
        return routed(self.scorer.plan(question, [candidate]), self.model)

    def study(self, question: Question) -> Plan[Any]:
        """The candidates, and what the scorer wants to know of them."""
        candidates = yield from draw(question, self.n, self.temperature)
        alive = [c for c in candidates if c.completion.drawn]
        return (yield from routed(self.scorer.study(question, alive), self.scorer.model))

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """The same strategy with a scorer that has learned."""
        return self.model_copy(update={"scorer": self.scorer.fitted(studies)})


def joined(parts: Sequence[Completion], *, prefix: str = "") -> Completion:
    """Pieces of one text, each drawn with the text so far as its prefix, as one completion.

    The prompt is the first piece's; generated tokens, log-probabilities and seconds are put together; the
    end is the last piece's. `prefix` is text that no model drew. A stop string that ended a piece is put
    back between it and the next.
    """
    first, last = parts[0], parts[-1]
    text = prefix + "".join(p.text + p.stopped for p in parts[:-1]) + last.text
    tokens = sum(p.usage.completion_tokens for p in parts)
    return replace(
        last,
        text=text,
        usage=Usage(first.usage.prompt_tokens, first.usage.cached_tokens, tokens),
        logprobs=_together(p.logprobs for p in parts),
        token_ids=(),
        confidence=_together(p.confidence for p in parts),
        certainty=_together(p.certainty for p in parts),
        seconds=sum(p.seconds for p in parts),
    )


def scored_candidates(
    scorer: ScorerComponent, question: Question, candidates: Sequence[Candidate]
) -> Plan[tuple[Candidate, ...]]:
    """The candidates with their scores; failed ones keep None and are not shown to the scorer.

    Raises ValueError when the scorer does not give one number per candidate.
    """
    alive = [c for c in candidates if c.completion.drawn]
    scores = yield from scorer.plan(question, alive)
    if len(scores) != len(alive) or any(isnan(s) for s in scores):
        raise ValueError(
            f"scorer {scorer.kind} returned {len(scores)} scores (or NaN) for {len(alive)} candidates"
        )
    given = iter(scores)
    return tuple(replace(c, score=next(given)) if c.completion.drawn else c for c in candidates)


def first_alive(candidates: Sequence[Candidate]) -> Candidate:
    """The first candidate that was drawn at all."""
    return next(c for c in candidates if c.completion.drawn)


def rank(candidate: Candidate) -> float:
    """Its score, -inf for a failed candidate."""
    return -inf if candidate.score is None else candidate.score


def parts(component: BaseModel) -> Iterator[Component]:
    """Every component inside a component, at any depth, without itself."""
    for name in type(component).model_fields:
        value = getattr(component, name)
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, Component):
                yield item
                yield from parts(item)


def members(component: BaseModel) -> list[StrategyComponent | ScorerComponent]:
    """Every strategy and scorer inside a component, at any depth, without itself."""
    return [part for part in parts(component) if isinstance(part, StrategyComponent | ScorerComponent)]


def _together(pieces: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(number for piece in pieces for number in piece)
