"""The effect of self-correction for `evaluate`; see eval/analysis/self_knowledge/correction.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import evaluate

from eval.analysis.inputs.answers import mean
from eval.metrics.confident import features, marks
from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.means import paired_difference

_DESCRIPTION = """
Acc@t2 - Acc@t1 = i->c - c->i over the same problems, with a 95 % interval and p as those of
`paired_difference`; i->c and c->i as fractions of all problems, and as shares of the wrong
and of the right first answers. Beside it belongs what the same compute buys by drawing again.
"""
_CITATION = """
@article{kumar2024training,
  title={Training Language Models to Self-Correct via Reinforcement Learning},
  author={Kumar, Aviral and others}, journal={arXiv preprint arXiv:2409.12917}, year={2024}}
@inproceedings{huang2024large,
  title={Large Language Models Cannot Self-Correct Reasoning Yet}, author={Huang, Jie and others},
  booktitle={ICLR}, year={2024}}
"""
_INPUTS = """
Args:
    predictions: whether each final answer is right (1) or wrong (0).
    references: whether the first answer to the same problem is.
    clusters: optional, in compute: what each problem is not independent of.
    seed, resamples: of the bootstrap.
Returns:
    acc_t1, acc_t2, delta, ci_low, ci_high, p, i_to_c, c_to_i, i_to_c_of_wrong, c_to_i_of_right (NaN without
    wrong or right first answers), n.
Examples:
    >>> metric.compute(predictions=[1, 1, 0, 1], references=[0, 1, 1, 0])["delta"]
    0.25
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class CorrectionDelta(evaluate.Metric):  # type: ignore[misc]
    """The effect of self-correction."""

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
        seed: int = 0,
        resamples: int = RESAMPLES,
    ) -> dict[str, float]:
        after, before = marks(predictions), marks(references)
        d = paired_difference(before, after, clusters, seed=seed, resamples=resamples)
        gained = [not b and a for b, a in zip(before, after, strict=True)]
        lost = [b and not a for b, a in zip(before, after, strict=True)]
        return {
            "acc_t1": mean(before),
            "acc_t2": mean(after),
            "delta": d.mean,
            "ci_low": d.low,
            "ci_high": d.high,
            "p": d.p,
            "i_to_c": mean(gained),
            "c_to_i": mean(lost),
            "i_to_c_of_wrong": mean([g for g, b in zip(gained, before, strict=True) if not b]),
            "c_to_i_of_right": mean([x for x, b in zip(lost, before, strict=True) if b]),
            "n": float(d.n),
        }
