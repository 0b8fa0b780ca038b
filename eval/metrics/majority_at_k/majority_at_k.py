"""majority@k (self-consistency) for `evaluate`; see eval/estimators/majority.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.estimators.majority import majority_at_k
from eval.metrics.pools import INPUTS, KS, K, Reference, answers, features, marks, mean, wanted

_DESCRIPTION = """
Self-consistency: the expected correctness of the most frequent answer among k samples, exactly, over all
k-subsets of the n drawn (never "the first k"), averaged over problems. Unparsed answers cast no vote, ties
share, a subset without votes is wrong. NaN where a problem has fewer than k samples; at most 256 samples.
"""
_CITATION = """
@inproceedings{wang2023selfconsistency,
  title={Self-Consistency Improves Chain of Thought Reasoning in Language Models},
  author={Wang, Xuezhi and others}, booktitle={ICLR}, year={2023}}
"""
_RETURNS = """
Returns:
    majority_at_<k>: for each k.
Examples:
    >>> metric.compute(predictions=[["4", "5", "4"]], references=["4"], k=[1, 3])
    {'majority_at_1': 0.6666666666666666, 'majority_at_3': 1.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, INPUTS + KS + _RETURNS)
class MajorityAtK(evaluate.Metric):  # type: ignore[misc]
    """Accuracy of the majority answer of k samples."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=INPUTS + KS + _RETURNS,
            features=features(),
            reference_urls=["https://arxiv.org/abs/2203.11171"],
        )

    def _compute(
        self, predictions: Sequence[Sequence[str | None]], references: Sequence[Reference], k: K = None
    ) -> dict[str, float]:
        ks = wanted(k, predictions)
        rows = [
            majority_at_k(answers(p), marks(p, r), ks) for p, r in zip(predictions, references, strict=True)
        ]
        return {f"majority_at_{size}": mean([row[j] for row in rows]) for j, size in enumerate(ks)}
