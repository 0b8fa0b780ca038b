"""pass^k for `evaluate`; see eval/estimators/pass_at_k.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.estimators.pass_at_k import pass_hat_k
from eval.metrics.pools import INPUTS, KS, K, Reference, at_each, features, marks, right, wanted

_DESCRIPTION = """
Reliability: the probability that all of k samples are right, estimated without bias from n >= k samples
of which c are right: C(c, k) / C(n, k), averaged over problems. NaN where a problem has fewer than k.
"""
_CITATION = """
@article{yao2024tau,
  title={tau-bench: A Benchmark for Tool-Agent-User Interaction in Real-World Domains},
  author={Yao, Shunyu and Shinn, Noah and Razavi, Pedram and Narasimhan, Karthik},
  journal={arXiv preprint arXiv:2406.12045}, year={2024}}
"""
_RETURNS = """
Returns:
    pass_hat_<k>: for each k.
Examples:
    >>> metric.compute(predictions=[["4", "5"], ["7", "7"]], references=["4", "7"], k=[1, 2])
    {'pass_hat_1': 0.75, 'pass_hat_2': 0.5}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, INPUTS + KS + _RETURNS)
class PassHatK(evaluate.Metric):  # type: ignore[misc]
    """Probability that all of k samples are right."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=INPUTS + KS + _RETURNS,
            features=features(),
            reference_urls=["https://arxiv.org/abs/2406.12045"],
        )

    def _compute(
        self, predictions: Sequence[Sequence[str | None]], references: Sequence[Reference], k: K = None
    ) -> dict[str, float]:
        counts = [(len(p), right(marks(p, r))) for p, r in zip(predictions, references, strict=True)]
        return at_each(
            "pass_hat", wanted(k, predictions), len(counts), lambda i, size: pass_hat_k(*counts[i], size)
        )
