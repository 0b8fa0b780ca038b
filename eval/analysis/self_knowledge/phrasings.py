"""Consistency over phrasings: is the confidence the same for every phrasing of a fact, and how often does the
model abstain on invented names?

Several problems may ask for one fact in other words (meta `fact`). If the confidence is about the fact, it
differs between facts and hardly within one; the intraclass correlation is the share of its variance between
facts. Facts are resampled here; one with a failed answer widens the intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan
from typing import Any

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, by_task
from eval.analysis.self_knowledge.estimate import UNKNOWN, IntervalEstimate, estimate, share, weights_of
from eval.analysis.self_knowledge.hallucination import abstains
from lab.formats.points import POOLED
from lab.statistics.bootstrap import RESAMPLES, interval_where_varied


@dataclass(frozen=True, slots=True)
class Admission:
    """How often a method abstains on the unanswerable problems of one family (`family` "": all of them)."""

    task: str
    stage: str
    strategy: str
    ceiling: bool
    family: str
    problems: int
    admitted: IntervalEstimate


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One method over the `facts` for which there are at least two problems.

    `same`: the probability that two phrasings of a fact get the same canonical answer, with an abstention as
    one answer and an unparsed text never the same; `all_same`: facts for which all do. Over the `sure` facts
    with at least two confidences: `within` and `between`, the standard deviation of confidence within and
    between facts, and `icc` = between^2 / (between^2 + within^2), which may be below 0 by chance; None if
    nothing varies.
    """

    task: str
    stage: str
    strategy: str
    ceiling: bool
    facts: int
    problems: int
    same: IntervalEstimate
    all_same: IntervalEstimate
    sure: int
    within: IntervalEstimate
    between: IntervalEstimate
    icc: IntervalEstimate


def admissions_of(stage: str, replies: AnswersByStrategy) -> list[Admission]:
    """A row per task and method with unanswerable questions, and per family if there are several."""
    found = []
    for task, methods in by_task(replies):
        for rows in methods.values():
            asked = [r for r in rows if not r.answerable]
            families = list(dict.fromkeys(str(r.meta.get("family", "")) for r in asked))
            for family in ["", *(families if len(families) > 1 and task != POOLED else [])]:
                mine = [r for r in asked if not family or str(r.meta.get("family", "")) == family]
                if scored := sum(r.scored for r in mine):
                    admitted = share([abstains(r) for r in mine], [r.group for r in mine])
                    head = (task, stage, mine[0].strategy, mine[0].ceiling, family)
                    found.append(Admission(*head, scored, admitted))
    return found


def phrasings_of(
    stage: str, replies: AnswersByStrategy, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Phrasing]:
    """A row per task and method with a fact in several phrasings."""
    found = []
    for task, methods in by_task(replies):
        for rows in methods.values():
            facts: dict[tuple[str, str], list[StrategyAnswer]] = {}
            for r in rows:
                if "fact" in r.meta:
                    facts.setdefault((r.task, str(r.meta["fact"])), []).append(r)
            several = [mine for mine in facts.values() if len(mine) > 1]
            if several:
                found.append(_row(task, stage, several, seed, resamples))
    return found


def spread(groups: Sequence[Sequence[float]], weights: Any) -> tuple[Any, Any, Any]:
    """(ICC, sd within, sd between) of the groups' values in each row of `weights` (resamples, groups).

    One-way random effects (Shrout and Fleiss 1979, ICC(1,1), with the mean size for unequal groups):
    between^2 = (MSB - MSW) / k0, within^2 = MSW. A negative between^2 has no root: its sd is 0, the ICC stays
    negative. NaN with fewer than two groups or if nothing varies.
    """
    import numpy as np

    size = np.array([len(g) for g in groups], dtype=float)
    average = np.array([np.mean(g) for g in groups])
    inside = np.array([float(np.sum((np.asarray(g) - m) ** 2)) for g, m in zip(groups, average, strict=True)])
    number, total = weights.sum(axis=1), weights @ size
    with np.errstate(invalid="ignore", divide="ignore"):
        grand = (weights @ (size * average)) / total
        outside = weights @ (size * average**2) - total * grand**2
        msb, msw = np.maximum(outside, 0) / (number - 1), (weights @ inside) / (total - number)
        k0 = (total - (weights @ size**2) / total) / (number - 1)
        variance = (msb - msw) / k0
        whole = variance + msw
        icc = np.where(whole > 1e-12, variance / whole, np.nan)
    return icc, np.sqrt(msw), np.sqrt(np.maximum(variance, 0))


def _row(
    task: str, stage: str, facts: Sequence[Sequence[StrategyAnswer]], seed: int, resamples: int
) -> Phrasing:
    pairs = [[_same(a, b) for a, b in combinations(mine, 2)] for mine in facts]
    same = [sum(p) / len(p) for p in pairs]
    known = [mine for mine, s in zip(facts, same, strict=True) if not isnan(s)]
    each = range(len(facts))
    sure = [[r.confidence for r in mine if r.confidence == r.confidence] for mine in facts]
    sure = [mine for mine in sure if len(mine) > 1]
    icc, within, between = _spread(sure, seed, resamples)
    return Phrasing(
        task=task,
        stage=stage,
        strategy=facts[0][0].strategy,
        ceiling=facts[0][0].ceiling,
        facts=len(known),
        problems=sum(map(len, known)),
        same=share(same, each),
        all_same=share([s if isnan(s) else float(s == 1) for s in same], each),
        sure=len(sure),
        within=within,
        between=between,
        icc=icc,
    )


def _same(a: StrategyAnswer, b: StrategyAnswer) -> float:
    """1: both give the same answer; abstaining is one, in any words. NaN if one of them failed."""
    if a.failed or b.failed:
        return nan
    if a.abstained or b.abstained:
        return float(a.abstained and b.abstained)
    return float(a.value is not None and a.value == b.value)


def _spread(sure: Sequence[Sequence[float]], seed: int, resamples: int) -> tuple[IntervalEstimate, ...]:
    """ICC, sd within and sd between with their intervals over facts."""
    if len(sure) < 2:
        return UNKNOWN, UNKNOWN, UNKNOWN
    import numpy as np

    drawn = weights_of(range(len(sure)), seed, resamples)
    values = drawn.each(lambda weights: np.stack(spread(sure, weights), axis=1))
    return tuple(estimate(float(v[0]), *interval_where_varied(v[1:], drawn.groups)) for v in values.T)
