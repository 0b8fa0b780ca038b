"""Two methods on the same problems, for `evaluate`; see lab/statistics/means.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate
from datasets import Features, Value

from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.means import paired_difference

_DESCRIPTION = """
Is one method better than another? The mean difference over the problems that both answered, with a 95 %
interval (those of gains and losses put together) and a two-sided p: exact (McNemar's mid-p, sign flips) where
fewer than thirty problems or clusters differ, else a bootstrap over them. One problem has no p.
"""
_CITATION = """
@article{zou2008construction,
  title={Construction of confidence limits about effect measures: a general approach},
  author={Zou, Guang Yong and Donner, Allan}, journal={Statistics in Medicine}, year={2008}}
@book{efron1994introduction,
  title={An Introduction to the Bootstrap}, author={Efron, Bradley and Tibshirani, Robert J},
  publisher={CRC press}, year={1994}}
"""
_INPUTS = """
Args:
    predictions: correctness in [0, 1] of the new method, one number per problem.
    references: correctness of the baseline on the same problems, in the same order.
    clusters: optional, in compute: the cluster of each problem.
    seed, resamples: of the bootstrap.
Returns:
    difference (predictions minus references), ci_low, ci_high, p, n.
Examples:
    >>> metric.compute(predictions=[1, 1, 0, 1], references=[0, 1, 0, 0])["difference"]
    0.5
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class PairedDifference(evaluate.Comparison):  # type: ignore[misc]
    """Paired difference of two methods."""

    def _info(self) -> Any:
        return evaluate.ComparisonInfo(
            module_type="comparison",
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": Value("float64"), "references": Value("float64")}),
            reference_urls=[],
        )

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[float],
        clusters: Sequence[str] | None = None,
        seed: int = 0,
        resamples: int = RESAMPLES,
    ) -> dict[str, float]:
        found = paired_difference(references, predictions, clusters, seed=seed, resamples=resamples)
        return {
            "difference": found.mean,
            "ci_low": found.low,
            "ci_high": found.high,
            "p": found.p,
            "n": float(found.n),
        }
