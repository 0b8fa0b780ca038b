"""Area under the risk-coverage curve; see eval/analysis/self_knowledge/confidence/resampled.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.self_knowledge.confidence.metrics import aurc
from eval.metrics.confident import features, inputs

_DESCRIPTION = """
Area under the risk-coverage curve: the mean over k = 1..n of the error rate of the k most confident answers;
0 is best, the error rate of all answers is chance. Ties in confidence count by the exact average over their
orderings. NaN of no answer.
"""
_CITATION = """
@inproceedings{geifman2017selective,
  title={Selective Classification for Deep Neural Networks}, author={Geifman, Yonatan and El-Yaniv, Ran},
  booktitle={NeurIPS}, year={2017}}
"""
_INPUTS = f"""{inputs()}Returns:
    aurc.
Examples:
    >>> round(metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0])["aurc"], 3)
    0.333
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Aurc(evaluate.Metric):  # type: ignore[misc]
    """Area under the risk-coverage curve."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(self, predictions: Sequence[float], references: Sequence[float]) -> dict[str, float]:
        return {"aurc": aurc(references, predictions)}
