"""AUROC of a score against correctness for `evaluate`; see eval/analysis/sampling/auroc.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate
from datasets import Features, Value

from eval.analysis.sampling.auroc import pooled_auroc

_DESCRIPTION = """
How well a score tells right from wrong: the chance that a right sample has a higher score than a wrong one,
ties half (the area under the ROC curve). With the problem each sample belongs to, the 95 % interval is that
of the problems (clustered DeLong). NaN where all samples are right or all are wrong.
"""
_CITATION = """
@article{obuchowski1997nonparametric,
  title={Nonparametric Analysis of Clustered ROC Curve Data}, author={Obuchowski, Nancy A},
  journal={Biometrics}, year={1997}}
"""
_INPUTS = """
Args:
    predictions: one score per sample, higher is better.
    references: whether each sample is right (1) or wrong (0).
    clusters: optional, in compute: the problem of each sample.
Returns:
    auroc, ci_low, ci_high (NaN with fewer than two clusters).
Examples:
    >>> metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0])["auroc"]
    0.75
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Auroc(evaluate.Metric):  # type: ignore[misc]
    """Area under the ROC curve."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
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
    ) -> dict[str, float]:
        import numpy as np

        if wrong := [r for r in references if r not in (0.0, 1.0)]:
            raise ValueError(f"expected 1 (right) or 0 (wrong) for a sample, found {wrong[0]}")
        groups = np.arange(len(predictions)) if clusters is None else np.asarray(clusters)
        value, low, high = pooled_auroc(np.asarray(references), np.asarray(predictions), groups)
        return {"auroc": value, "ci_low": low, "ci_high": high}
