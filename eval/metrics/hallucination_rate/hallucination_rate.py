"""Hallucination rate for `evaluate`; see eval/analysis/self_knowledge/hallucination.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.inputs.answers import mean
from eval.metrics.confident import features, marks

_DESCRIPTION = """
Answered and wrong, or answered what has no answer, over all questions. An abstention never is
a hallucination; to a question without an answer every answer is one. The accuracy beside it
counts abstentions as wrong unless there is no answer, so that refusing everything does not look good.
"""
_CITATION = """
@inproceedings{yin2023large,
  title={Do Large Language Models Know What They Don't Know?}, author={Yin, Zhangyue and others},
  booktitle={Findings of ACL}, year={2023}}
"""
_INPUTS = """
Args:
    predictions: whether each question was answered (1) or abstained from (0).
    references: whether the answer is right (1) or wrong (0); of an abstention: whether that was right.
Returns:
    hallucination_rate, accuracy, abstention_rate.
Examples:
    >>> metric.compute(predictions=[1, 1, 0, 0], references=[1, 0, 0, 1])["hallucination_rate"]
    0.25
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class HallucinationRate(evaluate.Metric):  # type: ignore[misc]
    """The share of problems with a wrong answer."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=features(),
            reference_urls=[],
        )

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[float],
    ) -> dict[str, float]:
        given, right = marks(predictions), marks(references)
        wrong = [g and not r for g, r in zip(given, right, strict=True)]
        return {
            "hallucination_rate": mean(wrong),
            "accuracy": mean(right),
            "abstention_rate": mean([not g for g in given]),
        }
