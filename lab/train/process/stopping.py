"""Token budgets: the number of steps for a budget, and the step at which it is used up.

Used only in the training process (it imports transformers).
"""

from __future__ import annotations

import math
from typing import Any

from transformers import TrainerCallback


class StopAtTokens(TrainerCallback):  # type: ignore[misc]
    """Stops after the step in which the loss has been computed over `tokens`; continues its count from a
    checkpoint.

    `spent` is updated by StepLog, which reads it from metrics.jsonl.
    """

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.spent = 0

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Called after StepLog has counted the step."""
        if self.spent >= self.tokens:
            control.should_training_stop = True


def plan_budget(trainer: Any, tokens: int) -> int:
    """The number of steps with about this many tokens in the loss, from the mean of one epoch's steps."""
    rows = len(trainer.train_dataset)
    step = (
        trainer.args.per_device_train_batch_size
        * trainer.args.gradient_accumulation_steps
        * trainer.accelerator.num_processes
    )
    per_step = tokens_of_a_pass(trainer) / math.ceil(rows / step) if rows else 0.0
    return max(1, math.ceil(tokens / per_step)) if per_step else 1


def tokens_of_a_pass(trainer: Any) -> int:
    """Tokens in the loss in one epoch."""
    dataset, collate = trainer.train_dataset, trainer.data_collator
    columns = trainer._signature_columns or dataset.column_names
    kept = dataset.select_columns([name for name in dataset.column_names if name in columns])
    size = trainer.args.per_device_train_batch_size
    batches = (kept.select(range(a, min(a + size, len(kept)))) for a in range(0, len(kept), size))
    return sum(trainer.seen(collate(list(batch))).trained for batch in batches)
