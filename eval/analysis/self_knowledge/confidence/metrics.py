"""Confidence metrics as arrays: is confidence higher for right answers, and is it calibrated?

`correct` is 1 or 0 per answer, NaN if unscored; answers that are unscored or have a NaN confidence are left
out. A higher confidence means that the answer is more likely right. Ties are averaged exactly over their
orderings, or kept together if a threshold or a bin would split them. `auroc` is that of auroc.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from eval.analysis.sampling.auroc import auroc as auroc_of
from eval.analysis.self_knowledge.confidence import resampled as over
from eval.analysis.self_knowledge.confidence.resampled import BINS, ranked
from eval.analysis.self_knowledge.estimate import IntervalEstimate, share


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of the reliability diagram: answers, their mean confidence, how many of them are right."""

    answers: int
    confidence: float
    accuracy: IntervalEstimate


def auroc(correct: Sequence[float], confidence: Sequence[float]) -> float:
    """The probability that a right answer has the higher confidence, ties half; NaN without right or wrong
    answers.
    """
    import numpy as np

    right, sure = np.asarray(correct, dtype=float), np.asarray(confidence, dtype=float)
    known = ~np.isnan(right) & ~np.isnan(sure)
    return auroc_of(right[known], sure[known])


def aurc(correct: Sequence[float], confidence: Sequence[float]) -> float:
    """Mean over coverages k/n of the error rate of the k most confident answers; NaN without answers."""
    return float(over.aurc(ranked(correct, confidence))[0])


def e_aurc(correct: Sequence[float], confidence: Sequence[float]) -> float:
    """AURC minus that of the ordering that has all right answers first."""
    return float(over.e_aurc(ranked(correct, confidence))[0])


def prr(correct: Sequence[float], confidence: Sequence[float]) -> float:
    """Prediction rejection ratio (see `ranked.prr`); NaN without right or without wrong."""
    return float(over.prr(ranked(correct, confidence))[0])


def ece(correct: Sequence[float], confidence: Sequence[float], bins: int = BINS) -> float:
    """Expected calibration error over `bins` bins of equal mass; ties are never split."""
    return float(over.ece(ranked(correct, confidence), bins)[0])


def brier(correct: Sequence[float], confidence: Sequence[float]) -> float:
    """Mean squared difference of confidence and correctness."""
    return float(over.brier(ranked(correct, confidence))[0])


def risk_coverage(correct: Sequence[float], confidence: Sequence[float]) -> list[tuple[float, float]]:
    """(coverage k/n, error rate of the k most confident) for k = 1..n; accuracy there is 1 - risk."""
    r = ranked(correct, confidence)
    n = int(r.n[0])
    coverages = [k / n for k in range(1, n + 1)]
    return list(zip(coverages, over.risk_at(r, coverages)[0].tolist(), strict=True))


def accuracy_at(correct: Sequence[float], confidence: Sequence[float], coverage: float) -> float:
    """Accuracy of the ceil(coverage n) most confident answers."""
    return float(1 - over.risk_at(ranked(correct, confidence), [coverage])[0, 0])


def coverage_at(correct: Sequence[float], confidence: Sequence[float], risk: float) -> float:
    """The largest share of answers that a threshold keeps at an error rate of at most `risk`."""
    return float(over.coverage_at(ranked(correct, confidence), risk)[0])


def abstention_score(correct: Sequence[float], confidence: Sequence[float], t: float) -> float:
    """Mean score of answering at confidence >= t: right 1, wrong -t / (1 - t), no answer 0."""
    return float(over.abstention_score(ranked(correct, confidence), t)[0])


def reliability(
    correct: Sequence[float],
    confidence: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    bins: int = BINS,
) -> list[Bin]:
    """The bins of `ece` that have answers, by increasing confidence; intervals over the clusters."""
    import numpy as np

    right, sure = np.asarray(correct, dtype=float), np.asarray(confidence, dtype=float)
    known = np.flatnonzero(~np.isnan(right) & ~np.isnan(sure))
    r = ranked(correct, confidence)
    if not len(r.level):
        return []
    place = np.searchsorted(-r.level, -sure[known])
    bin_of = over.bins_of(r, bins)[0][place]
    names = list(range(len(right))) if clusters is None else list(clusters)
    found = []
    for b in sorted(set(bin_of.tolist()), reverse=True):
        of = known[bin_of == b]
        accuracy = share(right[of].tolist(), [names[i] for i in of])
        found.append(Bin(len(of), float(sure[of].mean()), accuracy))
    return found
