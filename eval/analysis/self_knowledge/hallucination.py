"""Hallucination and abstention: how often answers are wrong, how often the model abstains, and at what cost.

A hallucination is a wrong answer; to a question without an answer, every answer is one. An abstention is
never a hallucination, but if the question has an answer it is not right either. Always abstaining therefore
lowers the rate and loses everything else: the rows here and in refusals.py show what is lost. A text without
an answer (empty, cut off, unparsed) is wrong, but neither a hallucination nor an abstention. Failed and
unscored answers are left out and counted, and they widen every interval. Definitions as in SelfAware (Yin et
al. 2023) and R-Tuning (Zhang et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, bands_of, by_task, mean
from eval.analysis.self_knowledge.estimate import UNKNOWN, IntervalEstimate, estimate, rate, share, weights_of
from lab.formats.points import POOLED
from lab.language.abstention.reading import ABSTAINED
from lab.statistics.bootstrap import RESAMPLES, bounded
from lab.statistics.bounds import outer

SCORED_AT = (0.5, 0.75, 0.9)
"""Values of t of the abstention score: right 1, wrong -t / (1 - t), abstained 0 (Kalai et al. 2025)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Abstention as a detector of the cases in which it is right: precision, recall and their harmonic
    mean.
    """

    precision: IntervalEstimate = UNKNOWN
    recall: IntervalEstimate = UNKNOWN
    f1: IntervalEstimate = UNKNOWN


@dataclass(frozen=True, slots=True)
class Hallucination:
    """One method on one task (`band` "": all of it); shares of its scored problems, costs are means over
    them.

    `accuracy_answerable`: over the `answerable` problems; `accuracy_answered`: over the answers given.
    `detection`: positives are the unanswerable problems, None without any. `unknown`: on the answerable
    problems whose first candidate is an answer, positives are those in which it is wrong, so that withholding
    it is right (R-Tuning's view); None if no such answer was ever withheld. `scores`: at SCORED_AT.
    """

    task: str
    band: str
    stage: str
    strategy: str
    ceiling: bool
    problems: int
    answerable: int
    failed: int
    accuracy: IntervalEstimate
    accuracy_answerable: IntervalEstimate
    accuracy_answered: IntervalEstimate
    hallucination: IntervalEstimate
    abstention: IntervalEstimate
    detection: Detection
    unknown: Detection
    scores: tuple[float, ...]
    tokens: float
    flops: float


def hallucinates(reply: StrategyAnswer) -> float:
    """1: answered and wrong, or answered the unanswerable; NaN for an unknown answer."""
    return float(reply.answered and reply.correct == 0) if reply.scored else nan


def abstains(reply: StrategyAnswer) -> float:
    """1: it abstains; NaN for an unknown answer."""
    return float(reply.abstained) if reply.scored else nan


def answers(reply: StrategyAnswer) -> float:
    """1: it is an answer, right or wrong; 0: an abstention or unparsed; NaN if unknown."""
    return float(reply.answered) if reply.scored else nan


def detection(
    said: Sequence[float],
    right: Sequence[float],
    clusters: Sequence[Any],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Detection:
    """Precision, recall, F1 of `said` (it abstains) for `right` (it should), over these rows.

    Both are 1, 0, or NaN if unknown. F1 = 2 hits / (said + right). Precision is None if there are no
    abstentions, recall if none would be right, F1 if neither exists.
    """
    return Detection(
        rate(right, said, clusters), rate(said, right, clusters), _f1(said, right, clusters, seed, resamples)
    )


def _f1(
    said: Sequence[float], right: Sequence[float], clusters: Sequence[Any], seed: int, resamples: int
) -> IntervalEstimate:
    """F1 of the known rows; the ends are those with misses and with hits wherever it is unknown."""
    rows = list(zip(said, right, clusters, strict=True))
    known = [(s, r, c) for s, r, c in rows if not isnan(s + r)]
    if not any(s or r for s, r, _ in known):
        return UNKNOWN
    hits = (False, True) if len(known) < len(rows) else ()
    worlds = [[(*_completed(s, r, hit), c) for s, r, c in rows] for hit in hits]
    return outer(_f1_of(known, seed, resamples), [_f1_of(world, seed, resamples) for world in worlds])


def _completed(said: float, right: float, hit: bool) -> tuple[float, float]:
    """The rows with unknown values set so that the two agree, or that they do not."""
    if isnan(said) and isnan(right):
        return 1.0, float(hit)
    if isnan(said):
        return (right if hit else 1 - right), right
    return said, ((said if hit else 1 - said) if isnan(right) else right)


def _f1_of(rows: Sequence[tuple[float, float, Any]], seed: int, resamples: int) -> IntervalEstimate:
    """2 hits / (said + right) of (said, right, cluster), with the interval of the resamples."""
    import numpy as np

    drawn = weights_of([cluster for *_, cluster in rows], seed, resamples)
    table = np.array([(said * right, said, right) for said, right, _ in rows], dtype=float)
    counts = drawn.each(lambda weights: weights @ table)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * counts[:, 0] / (counts[:, 1] + counts[:, 2])
    asked = float((table[:, 1] + table[:, 2] > 0).sum())  # those that neither said nor should count nowhere
    return estimate(float(f1[0]), *bounded(f1, asked, np.bincount(drawn.of)))


def rows_of(
    stage: str, replies: AnswersByStrategy, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Hallucination]:
    """A row per task, method and band; [] if all is answerable and no method of the stage abstains."""
    every = [r for rows in replies.values() for r in rows]
    if all(r.answerable and not r.abstained for r in every):
        return []
    return [
        _row(task, band, stage, mine, seed, resamples)
        for task, methods in by_task(replies)
        for rows in methods.values()
        for band, mine in _banded(task, rows)
        if any(r.scored for r in mine)
    ]


def _banded(task: str, rows: Sequence[StrategyAnswer]) -> Iterator[tuple[str, list[StrategyAnswer]]]:
    """All answers, then those of each band if there are several."""
    yield "", list(rows)
    bands = bands_of(rows) if task != POOLED else []
    for band in bands if len(bands) > 1 else []:
        yield band, [r for r in rows if str(r.meta.get("band")) == band]


def _row(
    task: str, band: str, stage: str, every: Sequence[StrategyAnswer], seed: int, resamples: int
) -> Hallucination:
    rows = [r for r in every if r.scored]
    clusters = [r.group for r in every]
    known = [float(r.answerable) for r in every]
    correct = [r.correct for r in every]
    if_given = [r.correct if r.scored or r.answerable else 0.0 for r in every]
    refused = Detection()
    if not all(known):
        refused = detection([abstains(r) for r in every], [1 - k for k in known], clusters, seed, resamples)
    return Hallucination(
        task=task,
        band=band,
        stage=stage,
        strategy=rows[0].strategy,
        ceiling=rows[0].ceiling,
        problems=len(rows),
        answerable=sum(r.answerable for r in rows),
        failed=sum(r.failed for r in every),
        accuracy=share(correct, clusters),
        accuracy_answerable=rate(correct, known, clusters),
        accuracy_answered=rate(if_given, [answers(r) for r in every], clusters),
        hallucination=share([hallucinates(r) for r in every], clusters),
        abstention=share([abstains(r) for r in every], clusters),
        detection=refused,
        unknown=_withheld(every, seed, resamples),
        scores=tuple(mean([_score(r, t) for r in rows]) for t in SCORED_AT),
        tokens=mean([r.tokens for r in rows]),
        flops=mean([r.flops for r in rows]),
    )


def _score(reply: StrategyAnswer, t: float) -> float:
    """The abstention score of one answer; an abstention that is right is still 0."""
    return 0.0 if reply.abstained else 1.0 if reply.correct == 1 else -t / (1 - t)


def _withheld(rows: Sequence[StrategyAnswer], seed: int, resamples: int) -> Detection:
    """R-Tuning's view of a method by itself: was its first answer wrong when it then abstained?"""
    first = [r for r in rows if r.answerable and (_first_wrong(r) is not None or not r.scored)]
    said = [abstains(r) for r in first]
    if not any(s == 1 for s in said):
        return Detection()
    wrong = [nan if (w := _first_wrong(r)) is None or not r.scored else w for r in first]
    return detection(said, wrong, [r.group for r in first], seed, resamples)


def _first_wrong(reply: StrategyAnswer) -> float | None:
    """Whether the first candidate is a wrong answer; None if it is not an answer or is unscored."""
    if not reply.drafts or reply.drafts[0].value == ABSTAINED or reply.drafts[0].correct not in (0, 1):
        return None
    return float(reply.drafts[0].correct == 0)
