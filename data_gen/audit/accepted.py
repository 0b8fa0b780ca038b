"""Of what was kept, how much is wrong: the false-accept rate.

It is counted wherever the right answer is known, whether or not the method or a filter looked at it: so a
method that labels without gold is judged by the gold it did not use. An example that is meant to be wrong
(labelled bad) is no mistake; a corpus of labelled steps holds wrong solutions on purpose and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from data_gen.drafts import Draft

Z95 = 1.959963984540054


@dataclass(slots=True)
class Accepted:
    """Kept examples with a verdict and how many of them are wrong; verdicts of the method's own are apart."""

    kept: int = 0
    scored: int = 0
    wrong: int = 0
    own: int = 0
    own_wrong: int = 0

    def add(self, kept: Sequence[Draft]) -> None:
        """What was kept of one problem."""
        self.kept += len(kept)
        for draft in kept:
            mistake = mistaken(draft)
            if mistake is None:
                continue
            if draft.example.verdict is None:
                self.scored += 1
                self.wrong += mistake
            else:
                self.own += 1
                self.own_wrong += mistake

    def summary(self) -> dict[str, Any]:
        """`rate` = wrong / scored with Wilson's 95 % interval (None without a scored example).

        `method_scored`, `method_wrong`: examples whose verdict is the method's own word, not the checker's.
        """
        low, high = wilson(self.wrong, self.scored) if self.scored else (None, None)
        return {
            "kept": self.kept,
            "scored": self.scored,
            "wrong": self.wrong,
            "rate": self.wrong / self.scored if self.scored else None,
            "low": low,
            "high": high,
            "method_scored": self.own,
            "method_wrong": self.own_wrong,
        }


def mistaken(draft: Draft) -> bool | None:
    """Whether an example teaches something wrong; None where nobody knows or where it is meant to be so."""
    correct, example = draft.verdict.correct, draft.example
    if correct is None or example.steps:
        return None
    return not correct if example.label is None else correct is not example.label


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval for a proportion (Wilson 1927); `n` > 0."""
    p, z2 = successes / n, Z95 * Z95
    centre, scale = p + z2 / (2 * n), 1 + z2 / n
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low = (centre - half) / scale if successes else 0.0
    return low, (centre + half) / scale if successes < n else 1.0
