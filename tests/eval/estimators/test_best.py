"""Best-of-k at every k at once equals best-of-k one at a time, ties and failed candidates included."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.estimators.best import best_of_every_k
from eval.estimators.pass_at_k import best_of_k

SAMPLES = st.lists(st.tuples(st.sampled_from([-inf, 0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1)


@given(SAMPLES)
def test_equals_one_k_at_a_time(samples: list[tuple[float, float]]) -> None:
    scores, correct = zip(*samples, strict=True)
    known = [best_of_k(scores, correct, k) for k in range(1, len(samples) + 1)]
    assert best_of_every_k(scores, correct) == pytest.approx(known)


def test_a_nan_score_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        best_of_every_k([0.1, nan], [1.0, 0.0])
