"""Answers in order of decreasing confidence, in many resamples at once.

A resample is a row of how often each answer was drawn. Answers with equal confidence are one level, described
by its number of answers and its number of right answers. All statistics are exact averages over all orderings
within the levels, so the order of a file never matters. All functions return one number per resample, NaN if
it is undefined there (without right or without wrong answers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class Ranked:
    """`level`: (levels,) decreasing confidences; `count`, `right`: (resamples, levels) answers, and right
    ones.
    """

    level: Any
    count: Any
    right: Any

    @property
    def wrong(self) -> Any:
        """(draws, levels) wrong answers."""
        return self.count - self.right

    @property
    def n(self) -> Any:
        """(draws,) answers."""
        return self.count.sum(axis=1)


def ranked(correct: Any, confidence: Any, weights: Any = None) -> Ranked:
    """Rank answers; `weights` (draws, answers) are whole numbers, one draw of each answer without them.

    `correct` is 1 or 0, NaN for an unscored answer, which is left out, as is one with a NaN confidence.
    Raises ValueError for any other correctness.
    """
    correct, confidence = np.asarray(correct, dtype=float), np.asarray(confidence, dtype=float)
    known = ~np.isnan(correct) & ~np.isnan(confidence)
    correct, confidence = correct[known], confidence[known]
    if wrong := set(correct.tolist()) - {0.0, 1.0}:
        raise ValueError(f"expected 1 (right) or 0 (wrong), found {wrong.pop()}")
    drawn = np.ones((1, len(correct)), dtype=int) if weights is None else np.asarray(weights)[:, known]
    order = np.argsort(-confidence, kind="stable")
    level, starts = np.unique(-confidence[order], return_index=True)
    if not len(level):
        empty = np.zeros((len(drawn), 0), dtype=int)
        return Ranked(-level, empty, empty)
    taken = drawn[:, order]
    right = taken * correct[order].astype(int)
    return Ranked(-level, np.add.reduceat(taken, starts, axis=1), np.add.reduceat(right, starts, axis=1))


def calibrated(confidence: Any, draws: int, seed: int) -> Ranked:
    """`draws` worlds in which each answer is right with the probability of its confidence, in [0, 1]."""
    level = np.sort(np.asarray(confidence, dtype=float))[::-1]
    right = (np.random.default_rng(seed).random((draws, len(level))) < level).astype(int)
    starts = np.unique(-level, return_index=True)[1]
    count = np.broadcast_to(np.diff(np.append(starts, len(level))), (draws, len(starts)))
    return Ranked(level[starts], count, np.add.reduceat(right, starts, axis=1))


def auroc(r: Ranked) -> Any:
    """The probability that a right answer has the higher confidence, ties half."""
    wrong = r.wrong
    below = wrong.sum(axis=1, keepdims=True) - np.cumsum(wrong, axis=1)
    pairs = r.right.sum(axis=1) * wrong.sum(axis=1)
    return _over((r.right * (below + wrong / 2)).sum(axis=1), pairs)


def aurc(r: Ranked) -> Any:
    """Area under the risk-coverage curve: the mean over k = 1..n of the error rate of the k most confident.

    Geifman and El-Yaniv 2017. In a level of m answers of which a share e is wrong, that begins after s
    answers with c wrong ones, the expected error rate at k is (c + (k - s) e) / k, so that its sum over k
    is (c - s e) (H(s + m) - H(s)) + m e with harmonic numbers H.
    """
    count, wrong = r.count, r.wrong
    s, c = np.cumsum(count, axis=1) - count, np.cumsum(wrong, axis=1) - wrong
    e = wrong / np.maximum(count, 1)
    h = _harmonic(int(r.n.max(initial=0)))
    return _over(((c - s * e) * (h[s + count] - h[s]) + count * e).sum(axis=1), r.n)


def oracle_aurc(r: Ranked) -> Any:
    """AURC of the best ordering, all right answers first: the mean over k of max(0, k - right) / k."""
    n, right = r.n, r.right.sum(axis=1)
    h = _harmonic(int(n.max(initial=0)))
    return _over(n - right - right * (h[n] - h[right]), n)


def risk(r: Ranked) -> Any:
    """Error rate of all answers: AURC of a random ordering."""
    return _over(r.wrong.sum(axis=1), r.n)


def e_aurc(r: Ranked) -> Any:
    """Excess AURC over the best ordering (Geifman, Uziel and El-Yaniv 2019)."""
    return aurc(r) - oracle_aurc(r)


def prr(r: Ranked) -> Any:
    """Prediction rejection ratio (A - A_random) / (A_oracle - A_random); 1 is the oracle, 0 chance.

    A is the area under the prediction-rejection curve as lm-polygraph has it: the mean over all rejection
    rates of the accuracy of what is kept, which is 1 - AURC; A_random is exactly the accuracy of all answers.
    In Malinin and Gales 2021 rejected answers count as right instead of leaving the denominator; their ratio
    for right-or-wrong answers is 2 AUROC - 1 and so is not given beside AUROC. NaN without both kinds.
    """
    room = risk(r) - oracle_aurc(r)
    return _over(risk(r) - aurc(r), np.where(room > 1e-12, room, 0))


def bins_of(r: Ranked, bins: int = BINS) -> Any:
    """(draws, levels) the bin of each level, from 0 for the most confident: as many answers in each.

    A level is never split: it is in the bin that its middle rank falls in.
    """
    middle = np.cumsum(r.count, axis=1) - r.count / 2
    share = middle / np.maximum(r.n, 1)[:, None]
    return np.minimum((share * bins).astype(int), bins - 1)


def ece(r: Ranked, bins: int = BINS) -> Any:
    """Expected calibration error over equal-mass bins: sum of |confidence - accuracy| by share of answers.

    Naeini et al. 2015; with bins of equal mass, Nguyen and O'Connor 2015. Chance alone makes it exceed 0.
    """
    bin_of, gap = bins_of(r, bins), r.count * r.level - r.right
    total = sum(np.abs(np.where(bin_of == b, gap, 0.0).sum(axis=1)) for b in range(bins))
    return _over(total, r.n)


def brier(r: Ranked) -> Any:
    """Mean squared difference of confidence and correctness (Brier 1950)."""
    return _over((r.count * r.level**2 + r.right * (1 - 2 * r.level)).sum(axis=1), r.n)


def risk_at(r: Ranked, coverages: Any) -> Any:
    """(draws, coverages) error rate of the ceil(coverage n) most confident answers, at least one of them."""
    zero = np.zeros((len(r.count), 1), dtype=int)
    seen = np.hstack([zero, np.cumsum(r.count, axis=1)])
    wrong = np.hstack([zero, np.cumsum(r.wrong, axis=1)])
    k = np.maximum(1, np.ceil(np.asarray(coverages, dtype=float) * seen[:, -1:] - 1e-9))
    rows = [np.interp(ks, x, y) for ks, x, y in zip(k, seen, wrong, strict=True)]
    return np.where(seen[:, -1:] > 0, np.array(rows).reshape(k.shape) / k, np.nan)


def coverage_at(r: Ranked, most: float) -> Any:
    """The largest share of answers that a threshold on confidence keeps at an error rate of `most` or less.

    A threshold keeps a level completely or not at all; 0 if no threshold is possible.
    """
    seen, wrong = np.cumsum(r.count, axis=1), np.cumsum(r.wrong, axis=1)
    fits = wrong <= most * seen + 1e-9
    return _over(np.where(fits, seen, 0).max(axis=1, initial=0), r.n)


def abstention_score(r: Ranked, t: float) -> Any:
    """Mean score when answering at confidence >= t only: right 1, wrong -t / (1 - t), no answer 0.

    The scoring under which answering pays above confidence t (Kalai et al. 2025). 0 <= t < 1.
    """
    if not 0 <= t < 1:
        raise ValueError(f"expected 0 <= t < 1, found {t}")
    given = r.level >= t
    return _over(((r.right - r.wrong * t / (1 - t)) * given).sum(axis=1), r.n)


def _harmonic(n: int) -> Any:
    """H(0)..H(n)."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])


def _over(total: Any, number: Any) -> Any:
    """total / number, NaN where number is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, total / number, np.nan)
