"""A reward model: a classifier with one output that scores the better completion above the worse one.

The Bradley-Terry loss of Ouyang et al. 2022 (arXiv:2203.02155), used for verifiers as in Cobbe et al. 2021
(arXiv:2110.14168). The finished model is a sequence classifier: listed under a stage's `models` with an
engine of kind `classifier`, it is used by the scorer `reward_model` and the filter `reward`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.core.flops.model import FlopsModel
from lab.train.base import Makes, Reads
from lab.train.counts import StepCount, padded
from lab.train.spec import TrainingSpec
from lab.train.trainers.offline import CorpusTrainer


class Reward(CorpusTrainer):
    """Learning to score from pairs of a better and a worse completion, with TRL's RewardTrainer.

    Conversations are formatted by the code of the `classifier` engine, so that the score is learned at the
    token at which it is later read. (TRL would add a token for a model without a chat template; the engine
    does not.)
    """

    reads: ClassVar[tuple[Reads, ...]] = ("preference",)
    makes: ClassVar[Makes] = "reward"
    lays_out: ClassVar[bool] = True
    config: ClassVar[str] = "trl.RewardConfig"
    fixed: ClassVar[Mapping[str, str]] = {
        "chat_template_path": "the model is later used with its own template",
        "eos_token": "the model's template decides how a conversation ends",
    }

    kind: Literal["reward"] = "reward"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus; a second one often overfits."""
    learning_rate: float = Field(default=2e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW."""
    batch_size: int = Field(default=8, ge=1)
    """Pairs per forward pass on each device (two sequences each)."""

    def trainer_class(self) -> Any:
        """TRL's trainer with counting."""
        from trl import RewardTrainer

        from lab.train.process.counting import Counting

        class CountingRewardTrainer(Counting, RewardTrainer):  # type: ignore[misc]
            pass

        return CountingRewardTrainer

    def dataset(self, spec: TrainingSpec, tokenizer: Any) -> tuple[Any, Any]:
        """Both conversations of each pair as token ids."""
        rows, kept = super().dataset(spec, tokenizer)
        return _tokens(rows, tokenizer), _tokens(kept, tokenizer) if kept else None

    def seen(self, inputs: Any) -> StepCount:
        """Both sequences of each pair; one score of each is in the loss."""
        lengths = padded(inputs)
        return StepCount(lengths=lengths, trained=len(lengths))

    def flops_of(self, count: StepCount, model: FlopsModel) -> float:
        """Three times the forward pass of a classifier, which has no language-model head."""
        return float(
            sum(3 * model.classify(n) for n in count.lengths) + sum(map(model.classify, count.forwarded))
        )


def _tokens(rows: Any, tokenizer: Any) -> Any:
    """chosen_ids and rejected_ids of each pair."""
    from datasets import Dataset

    from lab.core.types import Request
    from lab.engine.classifier.chat import ConversationRenderer
    from lab.train.corpus import turns_of

    renderer = ConversationRenderer(tokenizer, pad=tokenizer.pad_token_id)

    def ids(row: Any, name: str) -> list[int]:
        turns = (*turns_of(row["prompt"], "user"), *turns_of(row[name], "assistant"))
        return list(renderer.layout(Request(turns)).ids)

    return Dataset.from_dict({f"{n}_ids": [ids(row, n) for row in rows] for n in ("chosen", "rejected")})
