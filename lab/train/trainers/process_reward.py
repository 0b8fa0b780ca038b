"""A process reward model: a classifier that gives each step of a solution the probability that it is right.

Lightman et al. 2023 (arXiv:2305.20050). It is trained on automatic labels as in Math-Shepherd (Wang et al.
2024, arXiv:2312.08935): a step's label is a share of roll-outs, so it is a soft label. The finished model is
a token classifier: listed under a stage's `models` with an engine of kind `classifier`, it is used by the
scorer `process_reward` (`by: classifier`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.core.flops.model import FlopsModel
from lab.train.arguments import COMMON_FIELDS
from lab.train.base import Makes, Reads
from lab.train.counts import StepCount, padded
from lab.train.trainers.offline import CorpusTrainer


class ProcessReward(CorpusTrainer):
    """Learning to score each step from labelled steps, with transformers' Trainer and two labels.

    The loss is the cross-entropy with the soft label at the last token of each step's separator only. That is
    where the engine of kind `classifier` reads the score.
    """

    reads: ClassVar[tuple[Reads, ...]] = ("steps",)
    makes: ClassVar[Makes] = "process_reward"
    config: ClassVar[str] = "transformers.TrainingArguments"
    own: ClassVar[Mapping[str, str]] = {**COMMON_FIELDS, "num_train_epochs": "epochs"}
    lays_out: ClassVar[bool] = True
    fixed: ClassVar[Mapping[str, str]] = {
        "label_smoothing_factor": "the labels are already soft",
        "label_names": "the labels come from the corpus",
        "remove_unused_columns": "the rows have only tokens and labels",
    }

    kind: Literal["process_reward"] = "process_reward"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus; a second one often overfits."""
    learning_rate: float = Field(default=2e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW."""
    batch_size: int = Field(default=8, ge=1)
    """Solutions per forward pass on each device."""
    max_length: int = Field(default=1024, ge=2)
    """Maximum length of question plus solution in tokens; of longer ones, only the steps within it are used.
    """
    step: str = Field(default="\n", min_length=1)
    """Separator that ends a step, as in the data method `step_labels`, the engine `classifier` and the
    scorer.
    """

    def trainer_class(self) -> Any:
        """Transformers' trainer with counting."""
        from lab.train.process.process_reward import CountingStepTrainer

        return CountingStepTrainer

    def extras(self, spec: Any, tokenizer: Any) -> dict[str, Any]:
        """The renderer of the rows."""
        return {"step": self.step, "max_length": self.max_length}

    def seen(self, inputs: Any) -> StepCount:
        """Each solution once; one token of each step is in the loss."""
        from lab.train.process.process_reward import labelled

        return StepCount(lengths=padded(inputs), trained=int(labelled(inputs["labels"]).sum()))

    def flops_of(self, count: StepCount, model: FlopsModel) -> float:
        """Three times the forward pass of a classifier, which has no language-model head."""
        return float(
            sum(3 * model.classify(n) for n in count.lengths) + sum(map(model.classify, count.forwarded))
        )
