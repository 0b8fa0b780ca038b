"""Brier score for `evaluate`; see eval/analysis/self_knowledge/confidence/resampled.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.self_knowledge.confidence.metrics import brier
from eval.metrics.confident import features, inputs, probabilities

_DESCRIPTION = """
Mean squared difference between the confidence that an answer is right and whether it is; 0 is best, 0.25 is
what saying one half gets.
"""
_CITATION = """
@article{brier1950verification,
  title={Verification of Forecasts Expressed in Terms of Probability}, author={Brier, Glenn W},
  journal={Monthly Weather Review}, year={1950}}
"""
_INPUTS = f"""{inputs(unit=True)}Returns:
    brier.
Examples:
    >>> round(metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0])["brier"], 3)
    0.185
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Brier(evaluate.Metric):  # type: ignore[misc]
    """Brier score."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(self, predictions: Sequence[float], references: Sequence[float]) -> dict[str, float]:
        return {"brier": brier(references, probabilities(predictions))}
