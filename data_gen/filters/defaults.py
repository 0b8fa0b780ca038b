"""The default filters of methods (`default_filters`), for a generate stage without `filters`.

Which filters are useful depends on what is known about an example: by the task's checker, by the method only,
or not at all because wrong examples are wanted, too. `verified` keeps nothing if no checker can judge, and
removes the wrong answers from methods that need them.
"""

from __future__ import annotations

from data_gen.filters.base import FilterComponent
from data_gen.filters.correctness.not_wrong import NotWrong
from data_gen.filters.correctness.verified import Verified
from data_gen.filters.duplicates.cap_per_problem import CapPerProblem
from data_gen.filters.duplicates.exact_duplicates import ExactDuplicates
from data_gen.filters.text.unfinished import Unfinished

Filters = tuple[FilterComponent, ...]

RIGHT: Filters = (Unfinished(), Verified(), ExactDuplicates(), CapPerProblem())
"""Answers to questions with a checker: finished, right, distinct, at most four per problem."""

AGREED: Filters = (Unfinished(), ExactDuplicates(), CapPerProblem())
"""Answers that the method chose without the gold: finished, distinct, at most four per problem."""

REVISED: Filters = (Unfinished(), Verified(), ExactDuplicates())
"""Second attempts, of which the method itself makes only a few per problem: finished, right, distinct."""

UNJUDGED: Filters = (Unfinished(), NotWrong(), ExactDuplicates(scope="corpus"))
"""Texts without a right answer (made from documents, for example): finished, not marked wrong, distinct."""

ABSTAINING: Filters = (Unfinished(), NotWrong())
"""Answers and "I don't know.", which is repeated in many examples: finished, not wrong."""

LABELLED: Filters = (Unfinished(),)
"""Pairs, labels and steps, which need wrong answers: finished."""
