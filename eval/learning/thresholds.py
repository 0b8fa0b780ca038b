"""From which confidence on to answer: thresholds learned on dev problems for a target risk.

Three risks, all in [0, 1]. *Selective risk*: the wrong among the answered (Geifman & El-Yaniv 2017). It is
merely looked up on dev: nothing says that it holds elsewhere, least of all when few were answered. *Conformal
risk control* (Angelopoulos et al. 2022, arXiv:2208.02814) bounds the answered and wrong among all problems:
that share never rises with the threshold, hence its expectation on a new problem, over draws of the dev set
and it, is at most the risk, if they are exchangeable. *Class-conditional conformal* (Sadinle, Lei & Wasserman
2019) looks from the other side and bounds the right answers that are withheld, among the right ones: abstain
as often as that allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nextafter

NEVER = 2.0
"""A threshold above every confidence: abstains always."""


@dataclass(frozen=True, slots=True)
class Case:
    """One dev problem. `answers`: its answer is none of "I don't know"; `wrong`: it is, if it was given."""

    confidence: float
    wrong: bool
    answers: bool = True

    def given(self, threshold: float) -> bool:
        """Whether it would be answered."""
        return self.answers and self.confidence >= threshold

    def loss(self, threshold: float) -> bool:
        """Answered and wrong; never rises with the threshold."""
        return self.wrong and self.given(threshold)


def selective_threshold(cases: Sequence[Case], risk: float) -> float:
    """The lowest of 0 and the confidences seen at which at most `risk` of the answered are wrong.

    NEVER where there is none.
    """
    for threshold in sorted({0.0, *(c.confidence for c in cases)}):
        answered = sum(c.given(threshold) for c in cases)
        if answered and sum(c.loss(threshold) for c in cases) <= risk * answered + ROUNDING:
            return threshold
    return NEVER


def conformal_threshold(cases: Sequence[Case], risk: float) -> float:
    """inf of the thresholds with n / (n + 1) R + 1 / (n + 1) <= risk, R the mean loss of the n cases.

    The loss falls just above a confidence, so the threshold is 0 or the next float above one; NEVER where
    n < 1 / risk - 1 leaves none.
    """
    allowed = risk * (len(cases) + 1) - 1
    for threshold in sorted({0.0, *(nextafter(c.confidence, inf) for c in cases)}):
        if sum(c.loss(threshold) for c in cases) <= allowed + ROUNDING:
            return threshold
    return NEVER


def keeping_threshold(cases: Sequence[Case], risk: float) -> float:
    """The floor(risk (m + 1))-th lowest confidence of the m right answers; 0 where that is none of them.

    A new right answer lies below it with probability at most `risk`, ties included.
    """
    right = sorted(c.confidence for c in cases if c.answers and not c.wrong)
    allowed = int(risk * (len(right) + 1) + ROUNDING)
    return right[allowed - 1] if allowed else 0.0


ROUNDING = 1e-9
