"""A mean over problems with its 95 % interval, for `evaluate`; see lab/statistics/means.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate
from datasets import Features, Value

from lab.statistics.means import mean_interval

_DESCRIPTION = """
An accuracy with its uncertainty: the mean over problems, its standard error and 95 % interval. The unit is
the problem. Problems of one cluster (a template, a family) are not independent: the error is then cluster-
robust (CR1). The interval is Wilson's with the effective sample size, so it is never empty, inside [0, 1],
and holds the true mean in at least 93 % of cases from 20 problems on.
"""
_CITATION = """
@article{miller2024adding,
  title={Adding Error Bars to Evals: A Statistical Approach to Language Model Evaluations},
  author={Miller, Evan}, journal={arXiv preprint arXiv:2411.00640}, year={2024}}
"""
_INPUTS = """
Args:
    predictions: one number in [0, 1] per problem: whether it was solved, or how often.
    references: the cluster of each problem (any text; a different one each where there are no clusters).
Returns:
    mean, se, ci_low, ci_high, n.
Examples:
    >>> metric.compute(predictions=[1, 0, 1, 1], references=["a", "b", "c", "d"])["mean"]
    0.75
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class MeanInterval(evaluate.Metric):  # type: ignore[misc]
    """Mean over problems with its interval."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": Value("float64"), "references": Value("string")}),
            reference_urls=["https://arxiv.org/abs/2411.00640"],
        )

    def _compute(self, predictions: Sequence[float], references: Sequence[str]) -> dict[str, float]:
        found = mean_interval(predictions, references)
        return {
            "mean": found.mean,
            "se": found.se,
            "ci_low": found.low,
            "ci_high": found.high,
            "n": float(found.n),
        }
