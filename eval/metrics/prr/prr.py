"""Prediction rejection ratio for `evaluate`; see eval/analysis/self_knowledge/confidence/resampled.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.self_knowledge.confidence.metrics import prr
from eval.metrics.confident import features, inputs

_DESCRIPTION = """
(A - A_random) / (A_oracle - A_random), A the mean over all rejection rates of the accuracy of what is kept,
as lm-polygraph computes it, with A_random exact (the accuracy of all answers): 1 is the oracle's ordering,
0 is chance. Ties by the exact average. NaN where all answers are right or all wrong. (Where rejected answers
count as right, as in Malinin and Gales 2021, the ratio is 2 AUROC - 1.)
"""
_CITATION = """
@inproceedings{fadeeva2023lm,
  title={{LM-Polygraph}: Uncertainty Estimation for Language Models}, author={Fadeeva, Ekaterina and others},
  booktitle={EMNLP: System Demonstrations}, year={2023}}
@inproceedings{malinin2021uncertainty,
  title={Uncertainty Estimation in Autoregressive Structured Prediction},
  author={Malinin, Andrey and Gales, Mark}, booktitle={ICLR}, year={2021}}
"""
_INPUTS = f"""{inputs()}Returns:
    prr.
Examples:
    >>> round(metric.compute(predictions=[0.9, 0.4, 0.6, 0.1], references=[1, 1, 0, 0])["prr"], 3)
    0.571
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Prr(evaluate.Metric):  # type: ignore[misc]
    """Prediction rejection ratio."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(self, predictions: Sequence[float], references: Sequence[float]) -> dict[str, float]:
        return {"prr": prr(references, predictions)}
