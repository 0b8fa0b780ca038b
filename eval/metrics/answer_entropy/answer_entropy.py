"""The entropy of answers for `evaluate`; see eval/analysis/sampling/unpredictability.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate
from datasets import Features, Value
from datasets import Sequence as ListOf

from eval.analysis.sampling.unpredictability import spread

_DESCRIPTION = """
Discrete semantic entropy where meaning is the canonical answer: -sum p_c ln p_c over a problem's answer
classes, in nats, and the chance that two of its samples disagree, both averaged over problems. Samples
without an answer are a class of their own. High entropy goes with making things up.
"""
_CITATION = """
@article{farquhar2024detecting,
  title={Detecting Hallucinations in Large Language Models Using Semantic Entropy},
  author={Farquhar, Sebastian and Kossen, Jannik and Kuhn, Lorenz and Gal, Yarin},
  journal={Nature}, year={2024}}
"""
_INPUTS = """
Args:
    predictions: one list per problem with the canonical answers of its samples; "" where there is none.
Returns:
    answer_entropy (nats), disagreement.
Examples:
    >>> metric.compute(predictions=[["4", "4", "4", "4"], ["4", "4", "5", "5"]])["answer_entropy"]
    0.34657359027997264
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class AnswerEntropy(evaluate.Measurement):  # type: ignore[misc]
    """Entropy and disagreement of a problem's answers."""

    def _info(self) -> Any:
        return evaluate.MeasurementInfo(
            module_type="measurement",
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": ListOf(Value("string"))}),
            reference_urls=["https://www.nature.com/articles/s41586-024-07421-0"],
        )

    def _compute(self, predictions: Sequence[Sequence[str | None]]) -> dict[str, float]:
        import numpy as np

        if not all(predictions):
            raise ValueError("a problem has no samples")
        codes: dict[str, int] = {}
        values = [codes.setdefault(answer or "", len(codes)) for row in predictions for answer in row]
        problems = np.repeat(np.arange(len(predictions)), [len(row) for row in predictions])
        entropy, disagreement = spread(problems, np.asarray(values), len(predictions))
        return {"answer_entropy": float(entropy.mean()), "disagreement": float(disagreement.mean())}
