"""A reward model: a classifier with one output that scores the better completion above the worse one.

The Bradley-Terry loss of Ouyang et al. 2022 (arXiv:2203.02155), for the use Cobbe et al. 2021
(arXiv:2110.14168) put verifiers to. The finished model is a sequence classifier: named under a stage's
`models` with an engine of kind `classifier`, it serves the scorer `reward_model` and the filter `reward`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.core.flops import FlopsModel
from lab.train.base import Makes, Reads
from lab.train.counting import StepCount, padded
from lab.train.offline import CorpusTrainer


class Reward(CorpusTrainer):
    """Learning to score from pairs of a better and a worse completion, with TRL's RewardTrainer."""

    reads: ClassVar[tuple[Reads, ...]] = ("preference",)
    makes: ClassVar[Makes] = "reward"
    config: ClassVar[str] = "trl.RewardConfig"

    kind: Literal["reward"] = "reward"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus; a second one often overfits."""
    learning_rate: float = Field(default=2e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW."""
    batch_size: int = Field(default=8, ge=1)
    """Pairs of one forward pass on each device (two sequences each)."""

    def trainer_class(self) -> Any:
        """TRL's trainer, counting."""
        from trl import RewardTrainer

        from lab.train.counting import counted

        return counted(RewardTrainer, self.seen)

    def seen(self, inputs: Any) -> StepCount:
        """Both sequences of each pair; one verdict of each bears loss."""
        lengths = padded(inputs)
        return StepCount(lengths=lengths, trained=len(lengths))

    def flops_of(self, count: StepCount, model: FlopsModel) -> float:
        """Three times forward of a classifier, which has no language-model head."""
        return float(
            sum(3 * model.classify(n) for n in count.lengths) + sum(map(model.classify, count.forwarded))
        )
