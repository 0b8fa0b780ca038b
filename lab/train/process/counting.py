"""What one optimiser step has seen, counted where every trainer passes: at its training step.

A trainer component says with `seen` what a batch holds; `Counting`, mixed into TRL's (or transformers')
trainer, adds it up over batches and processes. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class StepCount:
    """Token counts of a step, over all processes.

    `lengths`: real tokens of each sequence that went forward and backward. `trained`: tokens that bore loss.
    `forwarded`: lengths of sequences that only went forward (a reference model, held-out examples); `taught`:
    of those that went forward through the teacher, a model of another size.
    `generated`: (prompt, completion) tokens of each sequence drawn for an online trainer, and `drawing` the
    seconds that took. `seconds`: time of passes outside the training steps.
    """

    lengths: list[int] = field(default_factory=list)
    trained: int = 0
    forwarded: list[int] = field(default_factory=list)
    taught: list[int] = field(default_factory=list)
    generated: list[tuple[int, int]] = field(default_factory=list)
    drawing: float = 0.0
    seconds: float = 0.0

    def add(self, other: StepCount) -> None:
        """Add what another count holds."""
        self.lengths += other.lengths
        self.trained += other.trained
        self.forwarded += other.forwarded
        self.taught += other.taught
        self.generated += other.generated
        self.drawing += other.drawing
        self.seconds += other.seconds


class Counting:
    """Mixed in before a trainer class: `count` grows with every batch and is replaced by whoever reads it.

    `seen` (a trainer component's method) must be set on the class: batch -> StepCount.
    """

    accelerator: Any
    model: Any
    seen: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.count = StepCount()
        super().__init__(*args, **kwargs)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Count the batch, then train on it."""
        self.count.add(self._everywhere(self.seen(inputs)))
        return super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]

    def prediction_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Count a held-out batch, which only goes forward."""
        batch = self.seen(inputs)
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


def counted(trainer: type, seen: Any) -> Any:
    """A trainer class that counts; `seen` maps a batch to a StepCount."""
    return type(f"Counted{trainer.__name__}", (Counting, trainer), {"seen": staticmethod(seen)})


def padded(inputs: Any) -> list[int]:
    """Real tokens of each sequence of a padded batch."""
    return [int(n) for n in inputs["attention_mask"].sum(-1)]
