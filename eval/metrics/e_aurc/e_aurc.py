"""Excess AURC for `evaluate`; see eval/analysis/self_knowledge/confidence/resampled.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.self_knowledge.confidence.metrics import e_aurc
from eval.metrics.confident import features, inputs

_DESCRIPTION = """
Excess AURC: the area under the risk-coverage curve (the mean over k = 1..n of the error rate of the k most
confident answers) minus that of the best ordering, all right answers first. Ties by the exact average.
"""
_CITATION = """
@inproceedings{geifman2019bias,
  title={Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers},
  author={Geifman, Yonatan and Uziel, Guy and El-Yaniv, Ran}, booktitle={ICLR}, year={2019}}
"""
_INPUTS = f"""{inputs()}Returns:
    e_aurc.
Examples:
    >>> round(metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0])["e_aurc"], 3)
    0.125
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class EAurc(evaluate.Metric):  # type: ignore[misc]
    """Excess area under the risk-coverage curve."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(self, predictions: Sequence[float], references: Sequence[float]) -> dict[str, float]:
        return {"e_aurc": e_aurc(references, predictions)}
