"""Token counts of one optimiser step. Nothing here imports torch.

A trainer component counts a batch in `seen`; the training process sums the counts over batches and processes
(see lab.train.process.counting).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class StepCount:
    """Token counts of a step, over all processes.

    `lengths`: real tokens of each sequence that went forward and backward. `trained`: tokens in the loss.
    `forwarded`: lengths of sequences that only went forward (through a reference model, or held out).
    `taught`: lengths of those that went forward through the teacher, a model of another size. `generated`:
    (prompt, completion) tokens of each sequence that an online trainer generated, and `drawing` the seconds
    for that. `seconds`: time of passes outside the training steps.
    """

    lengths: list[int] = field(default_factory=list)
    trained: int = 0
    forwarded: list[int] = field(default_factory=list)
    taught: list[int] = field(default_factory=list)
    generated: list[tuple[int, int]] = field(default_factory=list)
    drawing: float = 0.0
    seconds: float = 0.0

    def add(self, other: StepCount) -> None:
        """Adds another count."""
        self.lengths += other.lengths
        self.trained += other.trained
        self.forwarded += other.forwarded
        self.taught += other.taught
        self.generated += other.generated
        self.drawing += other.drawing
        self.seconds += other.seconds


def padded(inputs: Any) -> list[int]:
    """Real tokens of each sequence of a padded batch."""
    return [int(n) for n in inputs["attention_mask"].sum(-1)]
