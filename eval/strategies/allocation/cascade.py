"""Cascades: strategies from cheap to expensive, until one is confident (FrugalGPT, Chen et al. 2023; Yue et
al. 2024).

The strategies of a cascade (`rungs`) can be of any kind and can use their own models. An answer is final if
its confidence reaches the threshold; the answer of the last strategy is always final. Samples of an earlier
strategy are not charged again for a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.plans.reuse import PaidCompletions
from eval.strategies import Strategy
from eval.strategies.allocation.nested import inner_faults
from eval.strategies.base import StrategyComponent
from eval.strategies.single.greedy import Greedy
from eval.strategies.voting.self_consistency import SelfConsistency
from lab.core.fields import only_with
from lab.core.types import Answer, Plan, Question
from lab.errors import CompletionError

Rungs = list[tuple[str, float, int]]
"""For each strategy on one dev problem: its answer's text, its confidence, and the tokens generated so far.
"""


class Cascade(StrategyComponent):
    """Tries strategies from cheap to expensive, and stops at the first answer that is confident enough.

    An answer without a confidence never is. A strategy that fails is skipped. Confidence: that of the
    strategy whose answer is given.
    """

    kind: Literal["cascade"] = "cascade"
    rungs: tuple[Strategy, ...] = Field(default=(Greedy(), SelfConsistency(n=8)), min_length=2)
    """Strategies, from cheap to expensive."""
    threshold: float | Literal["learn"] = 0.7
    """Minimum confidence to stop; "learn" chooses the threshold that costs least on dev problems without
    losing accuracy.
    """
    tolerance: Annotated[float, only_with("threshold", "learn")] = Field(default=0.0, ge=0, le=1)
    """With "learn": how much dev accuracy may be lost compared with the best threshold."""

    @property
    def curve(self) -> str:
        """The kind, and whether its threshold is learned."""
        return self.name or (self.kind if self.threshold != "learn" else f"{self.kind}[learned]")

    @property
    def measured_per_size(self) -> bool:
        """Each cascade is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """The size of the largest strategy."""
        return max(rung.size for rung in self.rungs)

    @property
    def learns(self) -> bool:
        """Whether its threshold is learned."""
        return self.threshold == "learn"

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields options without effect inside a cascade, and a threshold that is not a probability."""
        if isinstance(self.threshold, float) and not 0 <= self.threshold <= 1:
            yield "threshold", f"must be between 0 and 1, found {self.threshold:g}"
        yield from inner_faults("rungs", self.rungs)

    def solve(self, question: Question) -> Plan[Answer]:
        """Runs one strategy after the other."""
        if isinstance(self.threshold, str):
            raise ValueError("this cascade has not learned its threshold yet")
        drawn, sure, answer, at = PaidCompletions(), [], None, 0
        failure: CompletionError | None = None
        for i, rung in enumerate(self.rungs):
            try:
                answer, at = (yield from drawn.run(rung.plan(question))), i
            except CompletionError as error:
                failure = error
                continue
            sure.append(answer.confidence or 0.0)
            if sure[-1] >= self.threshold:
                break
        if answer is None:
            raise failure or CompletionError("none of the cascade's strategies gave an answer")
        stopped = "confident" if sure[-1] >= self.threshold else "last"
        trace = {"rung": at, "strategy": self.rungs[at].label, "confidences": sure, "stopped": stopped}
        return Answer(
            answer.text,
            answer.value,
            answer.confidence,
            answer.abstained,
            answer.candidates,
            {**answer.trace, **trace},
        )

    def study(self, question: Question) -> Plan[Any]:
        """The answers of all strategies, even if an earlier one is confident."""
        drawn, found = PaidCompletions(), []
        for rung in self.rungs:
            answer = yield from drawn.run(rung.plan(question))
            found.append((answer.text, answer.confidence or 0.0, drawn.tokens))
        return found

    def fitted(self, studies: Sequence[LearningStudy[Rungs]]) -> Self:
        """The threshold with the fewest tokens among those within `tolerance` of the best dev accuracy."""
        tried = {t: _outcome(studies, t) for t in _thresholds(studies)}
        best = max(right for right, _ in tried.values())
        good = [t for t, (right, _) in tried.items() if right >= best - self.tolerance - 1e-12]
        return self.model_copy(update={"threshold": min(good, key=lambda t: (tried[t][1], t))})


def _thresholds(studies: Sequence[LearningStudy[Rungs]]) -> list[float]:
    """Every confidence that occurs, and 0 and 1: a threshold between two of them changes nothing."""
    return sorted({0.0, 1.0, *(sure for s in studies for _, sure, _ in s.result)})


def _outcome(studies: Sequence[LearningStudy[Rungs]], threshold: float) -> tuple[float, float]:
    """(mean accuracy over scored problems, mean tokens) of a cascade with this threshold."""
    right, tokens = [], []
    for study in studies:
        stands = next((r for r in study.result[:-1] if r[1] >= threshold), study.result[-1])
        mark = study.correct(stands[0])
        if not isnan(mark):
            right.append(mark)
        tokens.append(stands[2])
    return (sum(right) / len(right) if right else 0.0), sum(tokens) / len(tokens)
