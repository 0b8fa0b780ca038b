"""What a generate stage without `filters` uses: the sets that methods choose from (`default_filters`).

Which filters make sense depends on who knows whether an example is good: the task's checker, the method
alone, or nobody because the wrong ones are wanted, too. `verified` keeps nothing where no checker can speak,
and takes the wrong answers away from methods that teach by them.
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
"""Second tries, of which the method itself makes only a few per problem: finished, right, distinct."""

UNJUDGED: Filters = (Unfinished(), NotWrong(), ExactDuplicates(scope="corpus"))
"""Texts without a right answer (made from documents, say): finished, not marked wrong, distinct."""

ABSTAINING: Filters = (Unfinished(), NotWrong())
"""Answers beside "I don't know.", which is said many times over: finished, not wrong."""

LABELLED: Filters = (Unfinished(),)
"""Pairs, labels and steps, whose wrong answers are half of what is taught: finished."""
