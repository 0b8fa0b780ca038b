"""Agreement: the majority answer of a problem's samples, and its share.

The vote is self-consistency [Wang et al. 2022, arXiv:2203.11171]. An unparsed answer casts no vote, but
counts in the denominator; a tie for the first place has no winner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def majority(values: Sequence[str | None]) -> tuple[str | None, float]:
    """The most frequent answer and its share of all values; (None, share) for a tie."""
    votes = Counter(value for value in values if value is not None).most_common(2)
    if not votes:
        return None, 0.0
    tied = len(votes) == 2 and votes[0][1] == votes[1][1]
    return None if tied else votes[0][0], votes[0][1] / len(values)
