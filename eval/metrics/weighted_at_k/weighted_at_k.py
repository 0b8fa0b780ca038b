"""weighted@k (a vote weighted by a score) for `evaluate`; see eval/estimators/weighted.py."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any

import evaluate

from eval.estimators.weighted import weighted_at_k
from eval.metrics.pools import INPUTS, KS, K, Reference, answers, features, marks, mean, wanted

_DESCRIPTION = """
Weighted self-consistency: the expected correctness of the answer with the largest summed weight among k
samples, over all k-subsets of the n drawn where there are at most 5,000, else over 2,000 random ones; then
the Monte-Carlo standard error is given too. Weights are in [0, 1] (probabilities, not logits). Unparsed
answers cast no vote. Averaged over problems; NaN where a problem has fewer than k samples.
"""
_CITATION = """
@inproceedings{li2023making,
  title={Making Language Models Better Reasoners with Step-Aware Verifier}, author={Li, Yifei and others},
  booktitle={ACL}, year={2023}}
"""
_WEIGHTS = "    weights: one list per problem with a weight in [0, 1] per sample.\n"
_RETURNS = """
    seed: of the random subsets.
Returns:
    weighted_at_<k>: for each k.
    mc_se: the largest Monte-Carlo standard error among them; 0 where all are exact.
Examples:
    >>> metric.compute(predictions=[["4", "5", "5"]], references=["4"], weights=[[0.9, 0.2, 0.2]], k=3)
    {'weighted_at_3': 1.0, 'mc_se': 0.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, INPUTS + _WEIGHTS + KS + _RETURNS)
class WeightedAtK(evaluate.Metric):  # type: ignore[misc]
    """Accuracy of the weighted vote of k samples."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=INPUTS + _WEIGHTS + KS + _RETURNS,
            features=features(weights="float64"),
            reference_urls=["https://arxiv.org/abs/2206.02336"],
        )

    def _compute(
        self,
        predictions: Sequence[Sequence[str | None]],
        references: Sequence[Reference],
        weights: Sequence[Sequence[float]],
        k: K = None,
        seed: int = 0,
    ) -> dict[str, float]:
        if wrong := [w for row in weights for w in row if not 0.0 <= w <= 1.0]:
            raise ValueError(f"the weight of a vote must be in [0, 1], found {wrong[0]}")
        right = [marks(p, r) for p, r in zip(predictions, references, strict=True)]
        result, errors = {}, [0.0]
        for size in wanted(k, predictions):
            rows = [
                weighted_at_k(answers(p), right[i], weights[i], size, seed=seed + i)
                for i, p in enumerate(predictions)
            ]
            result[f"weighted_at_{size}"] = mean([value for value, _ in rows])
            errors.append(hypot(*(error for _, error in rows)) / len(rows))
        return result | {"mc_se": max(errors)}
