"""pass@k for `evaluate`; see eval/estimators/pass_at_k.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.estimators.pass_at_k import pass_at_k
from eval.metrics.pools import INPUTS, KS, K, Reference, at_each, features, marks, right, wanted

_DESCRIPTION = """
Coverage: the probability that at least one of k samples is right, estimated without bias from n >= k
samples of which c are right: 1 - C(n-c, k) / C(n, k), averaged over problems. NaN where a problem has
fewer than k samples.
"""
_CITATION = """
@article{chen2021evaluating,
  title={Evaluating Large Language Models Trained on Code}, author={Chen, Mark and others},
  journal={arXiv preprint arXiv:2107.03374}, year={2021}}
"""
_RETURNS = """
Returns:
    pass_at_<k>: for each k.
Examples:
    >>> metric.compute(predictions=[["4", "5"], ["7", ""]], references=["4", "7"], k=[1, 2])
    {'pass_at_1': 0.5, 'pass_at_2': 1.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, INPUTS + KS + _RETURNS)
class PassAtK(evaluate.Metric):  # type: ignore[misc]
    """Probability that one of k samples is right."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=INPUTS + KS + _RETURNS,
            features=features(),
            reference_urls=["https://arxiv.org/abs/2107.03374"],
        )

    def _compute(
        self, predictions: Sequence[Sequence[str | None]], references: Sequence[Reference], k: K = None
    ) -> dict[str, float]:
        counts = [(len(p), right(marks(p, r))) for p, r in zip(predictions, references, strict=True)]
        return at_each(
            "pass_at", wanted(k, predictions), len(counts), lambda i, size: pass_at_k(*counts[i], size)
        )
