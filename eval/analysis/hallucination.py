"""How often a model says what is not so, how often it owns up to not knowing, and what that costs it.

A hallucination is an answer that was given and is wrong; to a question without an answer every answer is one.
An abstention is never one, but to a question that has an answer it is not right either, so refusing
everything lowers the rate and loses everything else: the rows here and those of refusals.py say what was
lost. An answer that failed was never given: it is left out, and counted.
Definitions as in SelfAware (Yin et al. 2023) and R-Tuning (Zhang et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.answered import Replies, Reply, bands_of, by_task, mean
from eval.analysis.estimate import RESAMPLES, UNKNOWN, Estimate, estimate, share, weights_of
from eval.analysis.resample import Draws, interval
from eval.points import POOLED
from lab.core.abstention import ABSTAINED

SCORED_AT = (0.5, 0.75, 0.9)
"""Values of t of the abstention score: right 1, wrong -t / (1 - t), abstained 0 (Kalai et al. 2025)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Abstaining as a detector of where it is right: precision, recall and their harmonic mean."""

    precision: Estimate = UNKNOWN
    recall: Estimate = UNKNOWN
    f1: Estimate = UNKNOWN


@dataclass(frozen=True, slots=True)
class Hallucination:
    """One method on one task (`band` "": all of it); shares of its scored problems, costs are means of them.

    `accuracy_answerable`: over the `answerable` problems; `accuracy_answered`: over the answers given.
    `detection`: positives are the unanswerable problems, None without any. `unknown`: on the answerable
    problems whose first candidate is an answer, positives are those where that is wrong, so that it was right
    to withhold it (R-Tuning's view); None where no such answer was ever withheld. `scores`: at SCORED_AT.
    """

    task: str
    band: str
    stage: str
    strategy: str
    ceiling: bool
    problems: int
    answerable: int
    failed: int
    accuracy: Estimate
    accuracy_answerable: Estimate
    accuracy_answered: Estimate
    hallucination: Estimate
    abstention: Estimate
    detection: Detection
    unknown: Detection
    scores: tuple[float, ...]
    tokens: float
    flops: float


def is_hallucination(reply: Reply) -> bool:
    """Answered and wrong, or answered the unanswerable."""
    return reply.answered and reply.correct == 0


def detection(
    said: Sequence[bool], right: Sequence[bool], clusters: Sequence[Any], drawn: Draws
) -> Detection:
    """Precision, recall, F1 of `said` (it abstains) for `right` (it should), over the rows given.

    F1 = 2 hits / (said + right). `drawn`: `weights_of` the clusters; only F1 needs it. Precision is None
    where nothing is said, recall where nothing is right, F1 where neither is.
    """
    hit = [s and r for s, r in zip(said, right, strict=True)]
    return Detection(
        share(*where(hit, said, clusters)),
        share(*where(hit, right, clusters)),
        _f1(hit, said, right, drawn) if any(said) or any(right) else UNKNOWN,
    )


def _f1(hit: Sequence[bool], said: Sequence[bool], right: Sequence[bool], drawn: Draws) -> Estimate:
    """2 hits / (said + right), with the interval of the draws."""
    import numpy as np

    table = np.array([hit, said, right], dtype=float).T
    counts = drawn.each(lambda weights: weights @ table)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * counts[:, 0] / (counts[:, 1] + counts[:, 2])
    return estimate(float(f1[0]), *interval(f1[1:], drawn.groups))


def rows_of(
    stage: str, replies: Replies, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Hallucination]:
    """A row per task, method and band; [] where all is answerable and no method of the stage abstains."""
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


def _banded(task: str, rows: Sequence[Reply]) -> Iterator[tuple[str, list[Reply]]]:
    """All answers, then those of each band where there are several."""
    yield "", list(rows)
    bands = bands_of(rows) if task != POOLED else []
    for band in bands if len(bands) > 1 else []:
        yield band, [r for r in rows if str(r.meta.get("band")) == band]


def _row(
    task: str, band: str, stage: str, every: Sequence[Reply], seed: int, resamples: int
) -> Hallucination:
    rows = [r for r in every if r.scored]
    clusters = [r.group for r in rows]
    known = [r.answerable for r in rows]
    given = [r.answered for r in rows]
    correct = [r.correct for r in rows]
    drawn = weights_of(clusters, seed, resamples)
    refused = Detection()
    if not all(known):
        refused = detection([r.abstained for r in rows], [not k for k in known], clusters, drawn)
    return Hallucination(
        task=task,
        band=band,
        stage=stage,
        strategy=rows[0].strategy,
        ceiling=rows[0].ceiling,
        problems=len(rows),
        answerable=sum(known),
        failed=sum(r.failed for r in every),
        accuracy=share(correct, clusters),
        accuracy_answerable=share(*where(correct, known, clusters)),
        accuracy_answered=share(*where(correct, given, clusters)),
        hallucination=share([float(is_hallucination(r)) for r in rows], clusters),
        abstention=share([float(r.abstained) for r in rows], clusters),
        detection=refused,
        unknown=_withheld(rows, seed, resamples),
        scores=tuple(mean([_score(r, t) for r in rows]) for t in SCORED_AT),
        tokens=mean([r.tokens for r in rows]),
        flops=mean([r.flops for r in rows]),
    )


def _score(reply: Reply, t: float) -> float:
    """The abstention score of one answer; an abstention that is the right answer is still 0."""
    return 0.0 if reply.abstained else 1.0 if reply.correct == 1 else -t / (1 - t)


def _withheld(rows: Sequence[Reply], seed: int, resamples: int) -> Detection:
    """R-Tuning's view of a method by itself: was what it first wrote wrong where it then abstained?"""
    first = [
        r
        for r in rows
        if r.answerable and r.drafts and r.drafts[0].value != ABSTAINED and r.drafts[0].correct in (0, 1)
    ]
    said = [r.abstained for r in first]
    if not any(said):
        return Detection()
    clusters = [r.group for r in first]
    wrong = [r.drafts[0].correct == 0 for r in first]
    return detection(said, wrong, clusters, weights_of(clusters, seed, resamples))


def where(
    values: Sequence[float], chosen: Sequence[bool], clusters: Sequence[Any]
) -> tuple[list[float], list[Any]]:
    """The values, and their clusters, of the chosen rows."""
    kept = [i for i, c in enumerate(chosen) if c]
    return [float(values[i]) for i in kept], [clusters[i] for i in kept]
