"""Confidence against correctness: selective prediction and calibration.

A threshold on a good confidence keeps right answers and drops wrong ones; a calibrated confidence is the
probability that an answer is right. Abstentions are left out, because they have no claim that could be right.
Calibration is not computed for a score that is not a probability. Ties in confidence are averaged exactly
over their orderings. Intervals are over problems or their clusters (AUROC: DeLong's, the others: bootstrap),
in the form of proportions (intervals.py). Failed and unscored answers widen them (confident_answers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, bands_of, by_task, mean
from eval.analysis.inputs.confident_answers import confident_answers, worlds_of
from eval.analysis.sampling.auroc import pooled_auroc
from eval.analysis.self_knowledge.confidence import resampled as over
from eval.analysis.self_knowledge.confidence.intervals import accuracy_ends, ends_of
from eval.analysis.self_knowledge.confidence.metrics import Bin, reliability
from eval.analysis.self_knowledge.confidence.resampled import Ranked, ranked
from eval.analysis.self_knowledge.estimate import UNKNOWN, IntervalEstimate, estimate, share, weights_of
from lab.formats.points import POOLED
from lab.statistics.bootstrap import RESAMPLES, Draws, interval
from lab.statistics.bounds import outer

COVERAGES = tuple(i / 20 for i in range(1, 21))
STATED = (0.5, 0.8, 1.0)
"""Coverages whose accuracy the table shows."""
TARGETS = (0.75, 0.9)
"""Confidences above which an answer has a positive expected abstention score."""
RISKS = (0.1, 0.25)
"""Error rates for which the coverage is reported."""
BLOCK = 200_000
"""Answers times resamples in one computation of a statistic, so that they fit into a processor's cache."""
CHANCE = 2_000_000
"""Answers times worlds in the mean of the ECE by chance."""
Statistics = dict[str, Callable[[Ranked], Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """The most confident `coverage` of the answers: their accuracy (1 - risk)."""

    coverage: float
    accuracy: IntervalEstimate


@dataclass(frozen=True, slots=True)
class Selective:
    """One method's confidence on one task (`band` "": all of it). Costs are means per problem.

    `answers`: given, scored and with a confidence; `without`: given and scored, but without one; `abstained`,
    `problems`: of all its scored answers. `probability`: whether ECE (over `bins` bins that hold answers,
    at most 10; `ece_by_chance`: what a calibrated model would get), Brier, the score at each of TARGETS and
    the reliability diagram make sense; else None and ().
    `coverage_at`: at each of RISKS the largest coverage with no more errors than that.
    """

    task: str
    band: str
    stage: str
    strategy: str
    ceiling: bool
    problems: int
    answers: int
    without: int
    abstained: int
    accuracy: IntervalEstimate
    auroc: IntervalEstimate
    aurc: IntervalEstimate
    e_aurc: IntervalEstimate
    prr: IntervalEstimate
    probability: bool
    bins: int
    ece: IntervalEstimate
    ece_by_chance: float | None
    brier: IntervalEstimate
    scores: tuple[IntervalEstimate, ...]
    coverage_at: tuple[IntervalEstimate, ...]
    tokens: float
    flops: float
    reliability: tuple[Bin, ...]
    curve: tuple[Kept, ...]


def rows_of(
    stage: str, replies: AnswersByStrategy, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Selective]:
    """A row per task, method and band with at least two answers that have a confidence."""
    found = []
    for task, methods in by_task(replies):
        for rows in methods.values():
            bands = bands_of(rows) if task != POOLED else []
            for band in ["", *(bands if len(bands) > 1 else [])]:
                mine = [r for r in rows if not band or str(r.meta.get("band")) == band]
                if row := _row(task, band, stage, mine, seed, resamples):
                    found.append(row)
    return found


def resampled(
    correct: Sequence[float], confidence: Sequence[float], weights: Any, of: Statistics
) -> dict[str, Any]:
    """Each statistic for every row of `weights` (resamples, answers), a few rows at a time."""
    import numpy as np

    rows = max(1, BLOCK // max(1, weights.shape[1]))
    parts = [
        {name: f(r) for name, f in of.items()}
        for start in range(0, len(weights), rows)
        for r in [ranked(correct, confidence, weights[start : start + rows])]
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in of}


def under(
    drawn: Draws, correct: Sequence[float], confidence: Sequence[float], of: Statistics
) -> dict[str, Any]:
    """Each statistic in every resample, the data first."""
    return joined([resampled(correct, confidence, weights, of) for weights in drawn.problems()])


def joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    import numpy as np

    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _row(
    task: str, band: str, stage: str, rows: Sequence[StrategyAnswer], seed: int, resamples: int
) -> Selective | None:
    """A method's row, with the outermost ends of all worlds."""
    found = _measured(task, band, stage, rows, seed, resamples)
    worlds = [_measured(task, band, stage, world, seed, resamples) for world in worlds_of(rows) if found]
    return outer(found, worlds)


def _measured(
    task: str, band: str, stage: str, rows: Sequence[StrategyAnswer], seed: int, resamples: int
) -> Selective | None:
    given = confident_answers(rows)
    if len(given) < 2:
        return None
    import numpy as np

    correct, sure = [r.correct for r in given], [r.confidence for r in given]
    clusters = [r.group for r in given]
    draws = weights_of(clusters, seed, resamples)
    groups = draws.groups
    probability = all(r.probability for r in given)
    drawn = under(draws, correct, sure, _statistics(probability=probability))
    sizes, right = np.bincount(draws.of), int(sum(correct))
    found = {
        name: estimate(float(values[0]), *ends_of(name, values, right, sizes))
        for name, values in drawn.items()
        if values.ndim == 1
    }
    names = np.unique([str(c) for c in clusters], return_inverse=True)[1]
    if len(set(names.tolist())) < 2:
        names = np.arange(len(given))
    accuracy = share(correct, clusters)
    calibration, chance = UNKNOWN, None
    if probability:
        calibration, chance = _calibration(drawn["ece"], groups, sure, seed)
        calibration = _at_least(calibration, mean(sure), accuracy)
    bins = tuple(reliability(correct, sure, clusters)) if probability else ()
    kept = [_kept(1 - drawn["risk"][:, i], c, sizes) for i, c in enumerate(COVERAGES)]
    scored = [r for r in rows if r.scored]
    return Selective(
        task=task,
        band=band,
        stage=stage,
        strategy=rows[0].strategy,
        ceiling=rows[0].ceiling,
        problems=len(scored),
        answers=len(given),
        without=sum(r.answered for r in scored) - len(given),
        abstained=sum(r.abstained for r in scored),
        accuracy=accuracy,
        auroc=estimate(*pooled_auroc(np.array(correct), np.array(sure), names)),
        aurc=found["aurc"],
        e_aurc=found["e_aurc"],
        prr=found["prr"],
        probability=probability,
        bins=len(bins),
        ece=calibration,
        ece_by_chance=chance,
        brier=share([(s - c) ** 2 for s, c in zip(sure, correct, strict=True)], clusters)
        if probability
        else UNKNOWN,
        scores=tuple(_score(correct, sure, clusters, t) for t in TARGETS) if probability else (),
        coverage_at=tuple(found[f"coverage {risk}"] for risk in RISKS),
        tokens=mean([r.tokens for r in rows]),
        flops=mean([r.flops for r in rows]),
        reliability=bins,
        curve=tuple(Kept(c, e) for c, e in zip(COVERAGES, kept, strict=True)),
    )


def _statistics(*, probability: bool) -> Statistics:
    found: Statistics = {"aurc": over.aurc, "e_aurc": over.e_aurc, "prr": over.prr}
    found["risk"] = lambda r: over.risk_at(r, COVERAGES)
    for risk in RISKS:
        found[f"coverage {risk}"] = lambda r, risk=risk: over.coverage_at(r, risk)  # type: ignore[misc]
    if probability:
        found["ece"] = over.ece
    return found


def _kept(values: Any, coverage: float, sizes: Any) -> IntervalEstimate:
    """The accuracy at a coverage: the value of the data (first) with its interval."""
    return estimate(float(values[0]), *accuracy_ends(values, coverage, sizes))


def _score(
    correct: Sequence[float], sure: Sequence[float], clusters: Sequence[Any], t: float
) -> IntervalEstimate:
    """The abstention score: a mean over answers of numbers between -t / (1 - t) and 1."""
    loss = t / (1 - t)
    gains = [0.0 if s < t else 1.0 if c else -loss for s, c in zip(sure, correct, strict=True)]
    found = share([(g + loss) / (1 + loss) for g in gains], clusters)
    low, high = (x if x is None else x * (1 + loss) - loss for x in (found.low, found.high))
    return IntervalEstimate(mean(gains), low, high)


def _at_least(found: IntervalEstimate, confidence: float, accuracy: IntervalEstimate) -> IntervalEstimate:
    """The ECE with an interval at least as wide as what is known about the accuracy: the ECE is at least
    their difference.

    The answers of a few resampled problems may all be right; then all resamples have the same ECE.
    """
    if None in (found.low, found.high, accuracy.low, accuracy.high):
        return found
    gaps = [abs(confidence - end) for end in (accuracy.low, accuracy.high)]  # type: ignore[operator]
    inside = accuracy.low <= confidence <= accuracy.high  # type: ignore[operator]
    return IntervalEstimate(found.value, min(found.low, 0.0 if inside else min(gaps)), max(found.high, *gaps))  # type: ignore[type-var]


def _calibration(
    values: Any, groups: int, sure: Sequence[float], seed: int
) -> tuple[IntervalEstimate, float]:
    """(ECE with its interval, the mean ECE by chance of a calibrated model with these confidences).

    Chance adds to the ECE of the data, and again to that of every resample, so percentiles would lie
    completely above a calibrated model's 0. Therefore, with the resamples' bias (their mean minus the value)
    and their upper percentile u: the high end is u - bias, the low end is value - (u - value) - bias, and 0
    if a calibrated model has such an ECE in 1 of 40 worlds. In simulations of 100 and 300 answers it
    contained the true value in 93 to 99 of 100 cases.
    """
    import numpy as np

    draws = max(1, min(len(values) - 1, CHANCE // len(sure)))
    chance = over.ece(over.calibrated(sure, draws, seed))
    value, bias = float(values[0]), float(np.nanmean(values[1:]) - values[0])
    most = interval(values[1:], groups)[1]
    usual = value <= float(np.quantile(chance, 0.975))
    low = 0.0 if usual else max(0.0, 2 * value - most - bias)
    return estimate(value, low, most - bias), float(chance.mean())
