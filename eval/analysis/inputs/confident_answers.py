"""The answers that are used to evaluate a confidence, and the possible values of unknown ones.

An abstention has no claim that could be right, so only other answers count. One that failed or is unscored
may have been right or wrong, and, if it has no confidence, the most or the least confident one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import isnan

from eval.analysis.inputs.answers import StrategyAnswer


def confident_answers(rows: Sequence[StrategyAnswer]) -> list[StrategyAnswer]:
    """The answers that are not abstentions, are scored, and have a confidence."""
    return [r for r in rows if r.scored and r.answered and r.confidence == r.confidence]


def _unknown(rows: Sequence[StrategyAnswer]) -> list[StrategyAnswer]:
    """Those that failed, or that have a confidence and are unscored."""
    return [r for r in rows if r.failed or (not r.scored and r.answered and r.confidence == r.confidence)]


def _completed(rows: Sequence[StrategyAnswer], correct: float, *, sure: bool) -> list[StrategyAnswer]:
    """The answers with the unknown ones all right or wrong, and the most or least confident if that is
    unknown, too.
    """
    given, unknown = confident_answers(rows), {r.key for r in _unknown(rows)}
    ends = [r.confidence for r in given] + [0.0, 1.0] * all(r.probability for r in given)
    extreme = max(ends) if sure else min(ends)
    return [
        r
        if r.key not in unknown
        else replace(
            r,
            value=r.value or "?",
            correct=correct,
            failed=False,
            confidence=extreme if isnan(r.confidence) else r.confidence,
        )
        for r in rows
    ]


def worlds_of(rows: Sequence[StrategyAnswer]) -> list[list[StrategyAnswer]]:
    """The unknown ones right and most confident, wrong and least confident (both favour the confidence), then
    the other way round.

    [] if nothing is unknown.
    """
    if not _unknown(rows) or not confident_answers(rows):
        return []
    cases = product((True, False), (1.0, 0.0))
    return [_completed(rows, right, sure=(right == 1) == suits) for suits, right in cases]
