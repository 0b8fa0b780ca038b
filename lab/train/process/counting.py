"""Counting where every trainer passes: at its training step.

`Counting` stands before the trainer class of TRL or transformers among the bases of a class:
`class CountingDPOTrainer(Counting, DPOTrainer)`. Nothing here imports torch.
"""

from __future__ import annotations

from typing import Any

from lab.train.base import TrainerBase
from lab.train.counts import StepCount


class Counting:
    """`count` grows with every batch and is replaced by whoever reads it; `method` is the component."""

    accelerator: Any
    model: Any

    def __init__(self, *args: Any, method: TrainerBase, **kwargs: Any) -> None:
        self.method = method
        self.count = StepCount()
        super().__init__(*args, **kwargs)

    def seen(self, inputs: Any) -> StepCount:
        """What a batch holds."""
        return self.method.seen(inputs)

    def counted_at_step(self, inputs: Any) -> StepCount:
        """What a training step counts of its batch: all of it, unless a subclass counts it elsewhere."""
        return self.seen(inputs)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Count the batch, then train on it."""
        self.count.add(self._everywhere(self.counted_at_step(inputs)))
        return super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Count a held-out batch, which only goes forward."""
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
