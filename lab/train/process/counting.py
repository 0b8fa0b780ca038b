"""Counts tokens in the training step of every trainer.

`Counting` comes before the trainer class of TRL or transformers in the bases of a class: `class
CountingDPOTrainer(Counting, DPOTrainer)`. Nothing here imports torch.
"""

from __future__ import annotations

from typing import Any

from lab.train.base import TrainerBase
from lab.train.counts import StepCount


class Counting:
    """`count` grows with every batch and is reset by the code that reads it; `method` is the component."""

    accelerator: Any
    model: Any

    def __init__(self, *args: Any, method: TrainerBase, **kwargs: Any) -> None:
        self.method = method
        self.count = StepCount()
        super().__init__(*args, **kwargs)

    def seen(self, inputs: Any) -> StepCount:
        """Token counts of a batch."""
        return self.method.seen(inputs)

    def counted_at_step(self, inputs: Any) -> StepCount:
        """What a training step counts of its batch: everything, unless a subclass counts elsewhere."""
        return self.seen(inputs)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Counts the batch, then trains on it."""
        self.count.add(self._everywhere(self.counted_at_step(inputs)))
        return super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Counts a held-out batch, which only goes forward."""
        batch = self.counted_at_step(inputs)
        forwarded = StepCount(forwarded=batch.lengths + batch.forwarded)
        self.count.add(self._everywhere(forwarded))
        return super().prediction_step(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def _everywhere(self, count: StepCount) -> StepCount:
        """The sum over all processes."""
        if self.accelerator.num_processes == 1:
            return count
        from accelerate.utils import gather_object

        total = StepCount()
        for part in gather_object([count]):
            total.add(part)
        return total
