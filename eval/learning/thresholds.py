"""Confidence thresholds for answering, learned on dev problems for a target risk.

There are three risks, all in [0, 1]. *Selective risk* is the share of wrong answers among those given
(Geifman & El-Yaniv 2017). It is only measured on dev problems, without a guarantee for others, especially if
few were answered. *Conformal risk control* (Angelopoulos et al. 2022, arXiv:2208.02814) bounds the share of
problems that are answered and wrong: this share never rises with the threshold, so its expectation on a new
problem, over random dev sets and problems, is at most the risk, if they are exchangeable. *Class-conditional
conformal* prediction (Sadinle, Lei & Wasserman 2019) bounds the share of right answers that are withheld, and
abstains as often as that allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nextafter

NEVER = 2.0
"""A threshold above every confidence: always abstains."""


@dataclass(frozen=True, slots=True)
class Case:
    """One dev problem. `answers`: its answer is not an abstention; `wrong`: its answer, if given, is
    wrong.
    """

    confidence: float
    wrong: bool
    answers: bool = True

    def given(self, threshold: float) -> bool:
        """Whether it is answered at this threshold."""
        return self.answers and self.confidence >= threshold

    def loss(self, threshold: float) -> bool:
        """Answered and wrong; never rises with the threshold."""
        return self.wrong and self.given(threshold)


def selective_threshold(cases: Sequence[Case], risk: float) -> float:
    """The lowest threshold, of 0 and the confidences that occur, at which at most `risk` of the given answers
    are wrong.

    NEVER if there is none.
    """
    for threshold in sorted({0.0, *(c.confidence for c in cases)}):
        answered = sum(c.given(threshold) for c in cases)
        if answered and sum(c.loss(threshold) for c in cases) <= risk * answered + ROUNDING:
            return threshold
    return NEVER


def conformal_threshold(cases: Sequence[Case], risk: float) -> float:
    """inf of the thresholds with n / (n + 1) R + 1 / (n + 1) <= risk, where R is the mean loss of the n
    cases.

    The loss falls just above a confidence, so the threshold is 0 or the next float above one; NEVER if n < 1
    / risk - 1, so that there is none.
    """
    allowed = risk * (len(cases) + 1) - 1
    for threshold in sorted({0.0, *(nextafter(c.confidence, inf) for c in cases)}):
        if sum(c.loss(threshold) for c in cases) <= allowed + ROUNDING:
            return threshold
    return NEVER


def keeping_threshold(cases: Sequence[Case], risk: float) -> float:
    """The floor(risk (m + 1))-th lowest confidence of the m right answers; 0 if that is none of them.

    A new right answer is below it with probability at most `risk`, including ties.
    """
    right = sorted(c.confidence for c in cases if c.answers and not c.wrong)
    allowed = int(risk * (len(right) + 1) + ROUNDING)
    return right[allowed - 1] if allowed else 0.0


ROUNDING = 1e-9
