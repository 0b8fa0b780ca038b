"""best-of-k by a score for `evaluate`; see eval/estimators/pass_at_k.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.estimators.pass_at_k import best_of_k
from eval.metrics.pools import INPUTS, KS, K, Reference, at_each, features, marks, wanted

_DESCRIPTION = """
Best-of-k: the expected correctness of the highest-scored of k samples, exactly, over all k-subsets of the
n drawn: with scores sorted from high to low, the j-th is the best of a subset with probability
C(n-j, k-1) / C(n, k). Tied scores share. Averaged over problems; NaN where a problem has fewer than k.
"""
_CITATION = """
@article{cobbe2021training,
  title={Training Verifiers to Solve Math Word Problems}, author={Cobbe, Karl and others},
  journal={arXiv preprint arXiv:2110.14168}, year={2021}}
"""
_SCORES = "    scores: one list per problem with a score per sample, higher is better.\n"
_RETURNS = """
Returns:
    best_of_<k>: for each k.
Examples:
    >>> metric.compute(predictions=[["4", "5"]], references=["4"], scores=[[0.9, 0.1]], k=[1, 2])
    {'best_of_1': 0.5, 'best_of_2': 1.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, INPUTS + _SCORES + KS + _RETURNS)
class BestOfK(evaluate.Metric):  # type: ignore[misc]
    """Accuracy of the highest-scored of k samples."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=INPUTS + _SCORES + KS + _RETURNS,
            features=features(scores="float64"),
            reference_urls=["https://arxiv.org/abs/2110.14168"],
        )

    def _compute(
        self,
        predictions: Sequence[Sequence[str | None]],
        references: Sequence[Reference],
        scores: Sequence[Sequence[float]],
        k: K = None,
    ) -> dict[str, float]:
        right = [marks(p, r) for p, r in zip(predictions, references, strict=True)]
        return at_each(
            "best_of",
            wanted(k, predictions),
            len(right),
            lambda i, size: best_of_k(scores[i], right[i], size),
        )
