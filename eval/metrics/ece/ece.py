"""Expected calibration error for `evaluate`; see eval/analysis/self_knowledge/confidence/resampled.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.self_knowledge.confidence.metrics import ece, reliability
from eval.metrics.confident import features, inputs, probabilities

_DESCRIPTION = """
The mean over answers of |confidence - accuracy| of their bin. The bins hold equally many answers and never
split a tie: equal confidences are in the bin that their middle rank falls in. With few answers chance alone
makes it larger than 0, so the number of bins that hold answers and of answers are returned beside it.
"""
_CITATION = """
@inproceedings{naeini2015obtaining,
  title={Obtaining Well Calibrated Probabilities Using {B}ayesian Binning},
  author={Naeini, Mahdi Pakdaman and Cooper, Gregory and Hauskrecht, Milos}, booktitle={AAAI}, year={2015}}
"""
_INPUTS = f"""{inputs(unit=True)}    bins: how many bins, in compute; 10 by default.
Returns:
    ece, bins (that hold answers), n.
Examples:
    >>> metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0], bins=2)["ece"]
    0.25
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Ece(evaluate.Metric):  # type: ignore[misc]
    """Expected calibration error."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(
        self, predictions: Sequence[float], references: Sequence[float], bins: int = 10
    ) -> dict[str, float]:
        found = reliability(references, probabilities(predictions), bins=bins)
        value = ece(references, predictions, bins)
        return {"ece": value, "bins": float(len(found)), "n": float(sum(b.answers for b in found))}
