"""The number of different solution paths per problem.

Two solutions have the same path if they compute the same list of equations; one without equations is compared
as normalised text. RFT counts its paths by this criterion, and their number determines the gain [Yuan et al.
2023, arXiv:2308.01825].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from data_gen.drafts import Draft
from data_gen.filters.duplicates.exact_duplicates import equations
from data_gen.similarity.words import normalised
from lab.statistics.sums import Sums

MOST_APART = 64
"""Problems with more paths than this are counted together."""


@dataclass(slots=True)
class Paths(Sums):
    """Distinct texts and distinct paths, summed over problems."""

    drawn_texts: int = 0
    correct_texts: int = 0
    drawn: int = 0
    correct: int = 0
    kept: int = 0
    kept_examples: int = 0
    with_equations: int = 0
    kept_texts_by_problem: Counter[int] = field(default_factory=Counter)
    kept_by_problem: Counter[int] = field(default_factory=Counter)

    def draw(self, drafts: Sequence[Draft]) -> None:
        """Adds all generated examples of one problem."""
        right = [draft for draft in drafts if draft.verdict.correct]
        self.drawn_texts += len(_texts(drafts))
        self.correct_texts += len(_texts(right))
        self.drawn += len(_paths(drafts))
        self.correct += len(_paths(right))

    def keep(self, kept: Sequence[Draft]) -> None:
        """Adds the examples of one problem that the filters kept, if any."""
        found = len(_paths(kept))
        self.kept += found
        self.kept_examples += len(kept)
        self.with_equations += sum(bool(_read(d.text)[1]) for d in kept)
        self.kept_by_problem[min(found, MOST_APART)] += 1
        self.kept_texts_by_problem[min(len(_texts(kept)), MOST_APART)] += 1

    def summary(self) -> dict[str, Any]:
        """Distinct paths of generated, right and kept examples. `mean`: kept ones per problem with any; and
        their histogram.
        """
        solved = sum(count for paths, count in self.kept_by_problem.items() if paths)
        return {
            "drawn": self.drawn,
            "correct": self.correct,
            "kept": self.kept,
            "kept_examples": self.kept_examples,
            "kept_with_equations": self.with_equations,
            "mean": self.kept / solved if solved else None,
            "problems_by_kept_paths": {str(k): v for k, v in sorted(self.kept_by_problem.items())},
        }

    def duplicates(self, drawn: int, correct: int) -> dict[str, Any]:
        """Distinct texts among all generated (`drawn`) and all right (`correct`) examples, and problems by
        distinct kept texts.
        """
        return {
            "drawn": drawn,
            "drawn_distinct": self.drawn_texts,
            "correct": correct,
            "correct_distinct": self.correct_texts,
            "problems_by_distinct_kept": {str(k): v for k, v in sorted(self.kept_texts_by_problem.items())},
        }


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[str, str]:
    """The normalised text, and its equations."""
    return normalised(text), equations(text)


def _texts(drafts: Sequence[Draft]) -> set[str]:
    return {_read(draft.text)[0] for draft in drafts}


def _paths(drafts: Sequence[Draft]) -> set[str]:
    return {sums or plain for plain, sums in (_read(draft.text) for draft in drafts)}
