"""The base of all strategies: the component, and how a scorer is applied to its candidates.

All strategies sample through `eval.plans.drawing`, so that sample i of a problem is the same completion in
all of them, and the bank generates it once.
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
    """Base of the strategies. A subclass defines `kind`, `solve`, and the traits below."""

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
        """Display name of the curve that its point belongs to."""
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
        """The common limits; None if there are none."""
        limits = Budget(self.max_samples, self.max_tokens, self.budget_flops)
        return None if limits == Budget() else limits

    @property
    def size(self) -> int:
        """The number of candidates, rounds or simulations: the n of its point."""
        return 1

    @property
    def scorer_kind(self) -> str:
        """Its scorer's label, "" without one."""
        return ""

    @property
    def ceiling(self) -> bool:
        """Whether it uses the gold, through `Question.oracle`."""
        return any(part.ceiling for part in members(self))

    @property
    def certainty(self) -> bool:
        """Whether it needs `Completion.confidence` or `Completion.certainty` of its samples."""
        return any(part.certainty for part in members(self))

    @property
    def ranks(self) -> bool:
        """Whether it ranks the question's options, so that the question needs some."""
        return any(part.ranks for part in members(self) if isinstance(part, StrategyComponent))

    @property
    def learns(self) -> bool:
        """Whether it must be `fitted` on dev problems first."""
        return any(part.learns for part in members(self))

    @property
    def measured(self) -> bool:
        """Whether its answer is a point on a curve (the pool of `sample` is not)."""
        return True

    def plan(self, question: Question) -> Plan[Answer]:
        """`solve`, with its requests sent to `model`; the evaluation loop and other strategies call this."""
        return routed(self.solve(question), self.model)

    def study(self, question: Question) -> Plan[Any]:
        """The plan for one dev problem (only if it `learns`)."""
        raise NotImplementedError
        yield []

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """A copy that has learned from dev problems (only if it `learns`)."""
        raise NotImplementedError

    def solve(self, question: Question) -> Plan[Answer]:
        """Answers one question; the plan may yield any requests."""
        raise NotImplementedError
        yield []

    def judging(self, question: Question, candidate: Candidate) -> Plan[Any]:
        """The requests about one candidate of its pool alone; none without a scorer."""
        return
        yield []

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """Further points from this problem's checked pool, besides the answer (k < n).

        Called after the answer. Always returns the same points in the same order. `pool` has no unscored
        candidate.
        """
        return []


class SamplingStrategy(StrategyComponent):
    """Base of the strategies with n samples."""

    n: int = Field(default=16, ge=1)
    """Number of samples; points at k < n are derived from the same samples."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""

    @property
    def size(self) -> int:
        """n."""
        return self.n

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for several samples at temperature 0, which would be equal."""
        if self.n > 1 and self.temperature == 0:
            yield "temperature", f"must be above 0, because all {self.n} samples would be equal"


class Scored(SamplingStrategy):
    """Base of the strategies that select with a scorer."""

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
        """The k < n that can be estimated from the pool's scores; none if a score depends on the pool.

        It does if the scorer compares candidates (`relative`), and if it uses fewer samples of its own than
        there are candidates: its samples are the first of the same pool, so some candidates are among them
        and others are not, while in a run with few candidates all of them would be.
        """
        scorers = [part for part in members(self) if isinstance(part, ScorerComponent)]
        bound = any(scorer.relative or 0 < scorer.draws < self.n for scorer in scorers)
        return [] if bound else list(range(1, self.n))

    def judging(self, question: Question, candidate: Candidate) -> Plan[Any]:
        """The scorer's requests about this candidate."""
        return routed(self.scorer.plan(question, [candidate]), self.model)

    def study(self, question: Question) -> Plan[Any]:
        """The candidates, and what the scorer needs to know about them."""
        candidates = yield from draw(question, self.n, self.temperature)
        alive = [c for c in candidates if c.completion.drawn]
        return (yield from routed(self.scorer.study(question, alive), self.scorer.model))

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """The same strategy with a scorer that has learned."""
        return self.model_copy(update={"scorer": self.scorer.fitted(studies)})


def joined(parts: Sequence[Completion], *, prefix: str = "") -> Completion:
    """Joins pieces of one text, each generated with the text so far as its prefix, into one completion.

    The prompt is that of the first piece; generated tokens, log-probabilities and seconds are combined; the
    end is that of the last piece. `prefix` is text that no model generated. A stop string that ended a piece
    is inserted again between it and the next.
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
    """The candidates with their scores. Failed ones keep None and are not passed to the scorer.

    Raises ValueError if the scorer does not return one number per candidate.
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
    """The first candidate that could be generated."""
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
