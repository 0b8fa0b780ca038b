"""Distillation: a larger model answers, and the small one learns its texts.

Sequence-level knowledge distillation [Kim and Rush 2016, arXiv:1606.07947]: the student is trained on the
teacher's own outputs (at temperature 0 its greedy one, close to the mode that the paper's beam search finds).
The teacher is one of the stage's `models` (an `openai` server, another local model). It may get an additional
instruction; the student's prompt is always learned without it. Filters decide what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from data_gen.methods.base import MethodComponent
from data_gen.methods.samples import drawn, instead, plain_example
from data_gen.source import Source
from lab.core.fields import ModelName
from lab.core.types import Example, Plan, Request


class SequenceDistillation(MethodComponent):
    """Answers of a teacher, `samples` per problem."""

    kind: Literal["distillation"] = "distillation"
    model: ModelName = ""
    """The teacher: one of the stage's `models`; empty: the stage's own model."""
    samples: int = Field(1, ge=1)
    """Answers generated per problem."""
    temperature: float | None = Field(None, ge=0)
    """The teacher's sampling temperature; null uses the stage's. 0 is greedy, for a single sample."""
    instruction: str = ""
    """Text after the question that only the teacher gets ("Explain each step to a child.")."""

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for several greedy answers, which would be equal."""
        if self.temperature == 0 and self.samples > 1:
            return [("samples", "must be 1 at temperature 0, because all samples would be equal")]
        return []

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per answer, in order, with `teacher` in its meta. Raises CompletionError if all failed.

        With an `instruction`, the prompt tokens in the meta are the teacher's.
        """
        problem, sampling = source.problem, source.sampling
        if self.temperature is not None:
            sampling = sampling.but(temperature=self.temperature)
        messages = problem.messages
        if self.instruction:
            messages = instead(source, f"{source.question}\n{self.instruction}")
        samples = yield from drawn(
            [
                Request(messages, sampling, tag="sample", index=i, required=False, model=self.model)
                for i in range(self.samples)
            ]
        )
        return [plain_example(source, s, teacher=self.model) for s in samples]
