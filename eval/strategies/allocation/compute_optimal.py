"""The best use of compute depends on the difficulty of the problem (compute-optimal scaling, Snell et al.
2024).

On dev problems every arm is run. Problems are binned by a difficulty that the model itself can estimate, the
disagreement of a few probe samples, and each bin gets the arm that was most often right there. On a test
problem the probe samples give the bin, and its arm is run, which reuses the probe samples. The gold is used
only on dev problems.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from math import isnan, log
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.plans.drawing import draw
from eval.plans.reuse import PaidCompletions
from eval.plans.voting import vote
from eval.strategies import Strategy
from eval.strategies.allocation.nested import inner_faults
from eval.strategies.base import StrategyComponent, first_alive
from eval.strategies.single.greedy import Greedy
from eval.strategies.voting.self_consistency import SelfConsistency
from lab.core.fields import only_with
from lab.core.types import Answer, Candidate, Plan, Question
from lab.errors import CompletionError

Trial = tuple[float, list[tuple[str, int]]]
"""One dev problem: its difficulty, and for every arm the answer's text ("": failed) and its tokens."""
FEW = 5
"""Bins with fewer dev problems use the arm that is best overall."""


class ComputeOptimal(StrategyComponent):
    """Chooses the strategy for a problem by its estimated difficulty, as learned on dev problems.

    Difficulty: 1 minus the largest share of the probe samples that agree. If the chosen arm fails, the
    probe's answer is given. Confidence: that of the arm.
    """

    kind: Literal["compute_optimal"] = "compute_optimal"
    arms: tuple[Strategy, ...] = Field(default=(Greedy(), SelfConsistency(n=8)), min_length=1)
    """Strategies (with their budgets) to choose from."""
    probe: int = Field(default=4, ge=1)
    """Number of samples drawn to estimate the difficulty."""
    bins: Annotated[int, only_with("choice", ())] = Field(default=3, ge=1)
    """Number of difficulty bins, with about equally many dev problems each."""
    prefer: Annotated[Literal["accuracy", "efficiency"], only_with("choice", ())] = "accuracy"
    """Prefer the highest accuracy, or the highest accuracy per logarithm of the tokens used. Ties go to fewer
    tokens.
    """
    edges: tuple[float, ...] = ()
    """Learned: the difficulties between the bins."""
    choice: tuple[int, ...] = ()
    """Learned: the arm of each bin, from easy to hard. If it is given with `edges`, nothing is learned."""

    @property
    def measured_per_size(self) -> bool:
        """Each set of arms is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """The size of the largest arm."""
        return max(arm.size for arm in self.arms)

    @property
    def learns(self) -> bool:
        """Whether it still has to learn its choice."""
        return not self.choice

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a choice that does not fit, and options without effect inside."""
        if self.choice and len(self.choice) != len(self.edges) + 1:
            yield "choice", f"needs one more arm than edges ({len(self.edges)} edges)"
        if wrong := [arm for arm in self.choice if not 0 <= arm < len(self.arms)]:
            yield "choice", f"there is no arm {wrong[0]}: the {len(self.arms)} arms are counted from 0"
        yield from inner_faults("arms", self.arms)

    def solve(self, question: Question) -> Plan[Answer]:
        """The probe, then the arm of its bin."""
        if not self.choice:
            raise ValueError("compute_optimal has not learned yet which arm to use for which difficulty")
        drawn = PaidCompletions()
        pool = yield from self._probe(question, drawn)
        hard = difficulty(pool)
        at = self.choice[bisect_right(self.edges, hard)]
        trace = {"difficulty": hard, "arm": at, "strategy": self.arms[at].label}
        try:
            answer = yield from drawn.run(self.arms[at].plan(question))
        except CompletionError:
            return _voted(pool, trace | {"stopped": "probe"})
        return Answer(
            answer.text,
            answer.value,
            answer.confidence,
            answer.abstained,
            answer.candidates,
            {"stopped": "arm", **answer.trace, **trace},
        )

    def study(self, question: Question) -> Plan[Any]:
        """The probe, and every arm as if it were the only one after the probe."""
        probe = PaidCompletions()
        pool = yield from self._probe(question, probe)
        results: list[tuple[str, int]] = []
        for arm in self.arms:
            drawn = PaidCompletions(dict(probe.known), probe.tokens)
            try:
                answer = yield from drawn.run(arm.plan(question))
            except CompletionError:
                results.append(("", drawn.tokens))
            else:
                results.append((answer.text, drawn.tokens))
        return difficulty(pool), results

    def fitted(self, studies: Sequence[LearningStudy[Trial]]) -> Self:
        """Bins with equally many problems, and the best affordable arm of each."""
        marks = [[study.correct(text) for text, _ in study.result[1]] for study in studies]
        tokens = [[count for _, count in study.result[1]] for study in studies]
        hard = [study.result[0] for study in studies]
        edges = _edges(hard, self.bins)
        everyone = list(range(len(studies)))
        members = [[i for i in everyone if bisect_right(edges, hard[i]) == b] for b in range(len(edges) + 1)]
        choice = [self._best(m if len(m) >= FEW else everyone, marks, tokens) for m in members]
        return self.model_copy(update={"edges": tuple(edges), "choice": tuple(choice)})

    def _probe(self, question: Question, drawn: PaidCompletions) -> Plan[tuple[Candidate, ...]]:
        return (yield from drawn.run(draw(question, self.probe, None)))

    def _best(self, who: Sequence[int], marks: Sequence[list[float]], tokens: Sequence[list[int]]) -> int:
        """The arm with the highest value over these problems; arms that use more than `max_tokens` on average
        are excluded.
        """

        def value(arm: int) -> tuple[float, float]:
            scored = [marks[i][arm] for i in who if not isnan(marks[i][arm])]
            right = sum(scored) / len(scored) if scored else 0.0
            cost = sum(tokens[i][arm] for i in who) / len(who)
            gain = right / log(max(cost, 2.0)) if self.prefer == "efficiency" else right
            fits = self.max_tokens is None or cost <= self.max_tokens
            return (gain if fits else -1.0), -cost

        return max(range(len(self.arms)), key=value)


def difficulty(pool: Sequence[Candidate]) -> float:
    """1 - the largest share of samples with the same answer; unparsed samples agree with none."""
    votes = Counter(c.value for c in pool if c.value is not None)
    return 1 - max(votes.values(), default=0) / len(pool)


def _voted(pool: tuple[Candidate, ...], trace: dict[str, Any]) -> Answer:
    """The majority answer of the probe, if the arm could generate nothing."""
    ballot = vote([c.value for c in pool], [1.0] * len(pool))
    chosen = first_alive(pool) if ballot.winner is None else pool[ballot.winner]
    return Answer(chosen.text, chosen.value, ballot.weight / len(pool), candidates=pool, trace=trace)


def _edges(hard: Sequence[float], bins: int) -> list[float]:
    """Distinct cuts between bins at the quantiles; a problem at a cut belongs to the harder bin."""
    ranked = sorted(hard)
    cuts = (ranked[len(ranked) * b // bins] for b in range(1, bins))
    return sorted({cut for cut in cuts if cut > ranked[0]})
