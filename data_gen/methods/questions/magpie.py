"""Magpie: an aligned model that gets only its chat template up to the user's turn writes a user's
instruction.

No seed and no prompt: after the tokens that open a user turn, a model that was tuned on conversations
continues with an instruction like those it was tuned on. It then answers that instruction [Xu et al. 2024,
arXiv:2406.08464]. A system turn of the source steers the topic.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.base import MethodComponent
from data_gen.methods.questions.usable import Written, answered, asking, drawn, question_fault, system_of
from data_gen.source import Source
from lab.core.types import Example, Plan, Request
from lab.tasks.base import SourceKind


class Magpie(MethodComponent):
    """Instructions that the model writes without a seed, each with answers."""

    reads: ClassVar[SourceKind] = "blank"
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["magpie"] = "magpie"
    instructions: int = Field(1, ge=1)
    """Instructions generated per source."""
    instruction_temperature: float = Field(1.0, gt=0)
    """Temperature for instructions; high enough that they differ."""
    instruction_tokens: int = Field(200, ge=8)
    """Maximum length of an instruction in tokens; longer ones are marked as cut off."""
    samples: int = Field(1, ge=1)
    """Answers generated per instruction."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The instructions with their answers; unusable ones are marked wrong with the reason.

        Raises CompletionError if no instruction or no answer could be generated.
        """
        prompt = system_of(source)
        sampling = source.sampling.but(
            temperature=self.instruction_temperature, max_tokens=self.instruction_tokens
        )
        completions = yield from drawn(
            [
                Request(prompt, sampling, tag="question", index=i, required=False, speaker="user")
                for i in range(self.instructions)
            ]
        )
        questions = [
            Written(asking(source, ""), c, c.text.strip(), question_fault(c.text.strip(), c))
            for c in completions
            if c is not None
        ]
        return (yield from answered(source, questions, self.samples, source.sampling))
