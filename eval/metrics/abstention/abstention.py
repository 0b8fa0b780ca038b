"""Abstention as a detector for `evaluate`; see eval/analysis/self_knowledge/hallucination.py."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import evaluate

from eval.analysis.self_knowledge.hallucination import detection
from eval.metrics.confident import features, marks

_DESCRIPTION = """
Is it the right questions that a model abstains from? Precision: of its abstentions, those where there is no
answer; recall: of the questions without an answer, those it abstains from. NaN where nothing is said, or
nothing should be. With clusters the 95 % intervals are over them.
"""
_CITATION = """
@inproceedings{yin2023large,
  title={Do Large Language Models Know What They Don't Know?}, author={Yin, Zhangyue and others},
  booktitle={Findings of ACL}, year={2023}}
"""
_INPUTS = """
Args:
    predictions: whether the model abstained (1) from each question or answered it (0).
    references: whether abstaining is right (1), because there is no answer, or not (0).
    clusters: optional, in compute: what each question is not independent of.
Returns:
    precision, recall, f1, each with _low and _high.
Examples:
    >>> metric.compute(predictions=[1, 1, 0, 0], references=[1, 0, 1, 0])["f1"]
    0.5
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Abstention(evaluate.Metric):  # type: ignore[misc]
    """Precision, recall and F1 of abstention."""

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
        clusters: Sequence[str] | None = None,
    ) -> dict[str, float]:
        said, right = marks(predictions), marks(references)
        groups = list(range(len(said))) if clusters is None else list(clusters)
        found = detection(said, right, groups)
        return {
            f"{name}{end}": nan if value is None else value
            for name, e in (("precision", found.precision), ("recall", found.recall), ("f1", found.f1))
            for end, value in (("", e.value), ("_low", e.low), ("_high", e.high))
        }
