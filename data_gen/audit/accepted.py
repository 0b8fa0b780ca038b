"""How many of the kept examples are wrong: the false-accept rate.

It is counted whenever the right answer is known, even if the method and the filters did not use it. A method
that labels without gold is therefore evaluated with the gold it did not use. An example that is meant to be
wrong (labelled bad) is not a mistake. A corpus of labelled steps contains wrong solutions on purpose and is
not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft
from lab.statistics.proportion import of_counts
from lab.statistics.sums import Sums


@dataclass(slots=True)
class Accepted(Sums):
    """Kept examples with a verdict, and how many of them are wrong. Verdicts of the method itself are counted
    separately.
    """

    kept: int = 0
    scored: int = 0
    wrong: int = 0
    own: int = 0
    own_wrong: int = 0
    problems: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(wrong, scored) examples of a problem, which are one cluster -> how many problems have these."""

    def add(self, kept: Sequence[Draft]) -> None:
        """Counts the kept examples of one problem."""
        judged = [(draft, mistake) for draft in kept if (mistake := mistaken(draft)) is not None]
        scored = [mistake for draft, mistake in judged if draft.example.verdict is None]
        self.kept += len(kept)
        self.scored += len(scored)
        self.wrong += sum(scored)
        self.own += len(judged) - len(scored)
        self.own_wrong += sum(mistake for _, mistake in judged) - sum(scored)
        if scored:
            self.problems[sum(scored), len(scored)] += 1

    def summary(self) -> dict[str, Any]:
        """`rate` = wrong / scored with its 95 % interval over problems (None without a scored example).

        `method_scored`, `method_wrong`: examples whose verdict is the method's own, not the checker's.
        """
        low, high = self._ends() if self.scored else (None, None)
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

    def _ends(self) -> tuple[float, float]:
        wrong, scored = zip(*self.problems, strict=True)
        return of_counts(wrong, scored, list(self.problems.values()))


def mistaken(draft: Draft) -> bool | None:
    """Whether an example teaches something wrong; None if that is not known or if it is meant to be wrong."""
    correct, example = draft.verdict.correct, draft.example
    if correct is None or example.steps:
        return None
    return not correct if example.label is None else correct is not example.label
