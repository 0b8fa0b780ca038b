"""Why an example is thrown away: one file per reason, one row of yield each.

A new filter is one new file and one more member of `Filter`; `base.py` says what it must offer. Filters run
in the order they are listed, each on what the one before it left.
"""

from __future__ import annotations

from data_gen.filters.base import Context, FilterLike, Screen
from data_gen.filters.cap_per_problem import CapPerProblem
from data_gen.filters.exact_duplicates import ExactDuplicates
from data_gen.filters.length import Length
from data_gen.filters.minhash_duplicates import MinHashDuplicates
from data_gen.filters.ngram_overlap import NgramOverlap
from data_gen.filters.not_wrong import NotWrong
from data_gen.filters.unfinished import Unfinished
from data_gen.filters.verified import Verified
from lab.core.component import union_of

Filter = union_of(
    "lab.filters",
    CapPerProblem,
    ExactDuplicates,
    Length,
    MinHashDuplicates,
    NgramOverlap,
    NotWrong,
    Unfinished,
    Verified,
)

DEFAULT_FILTERS: tuple[FilterLike, ...] = (Unfinished(), Verified(), ExactDuplicates(), CapPerProblem())
"""What a generate stage without `filters` uses: finished, right, distinct, at most four per problem."""

__all__ = [
    "DEFAULT_FILTERS",
    "CapPerProblem",
    "Context",
    "ExactDuplicates",
    "Filter",
    "FilterLike",
    "Length",
    "MinHashDuplicates",
    "NgramOverlap",
    "NotWrong",
    "Screen",
    "Unfinished",
    "Verified",
]
