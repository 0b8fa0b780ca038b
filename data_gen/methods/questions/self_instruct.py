"""Self-Instruct: from a few tasks, the model writes a new one, and then answers it.

The model continues a numbered list of tasks: the seed of this source and others from the pool. Its output is
marked for the reasons in the paper (too short or long, about pictures or files, not a sentence); near copies
of the seeds are left to the duplicate filters [Wang et al. 2023, arXiv:2212.10560]. The paper's separate
treatment of classification tasks is left out.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import Written, answered, asking, cleaned, drawn, question_fault
from data_gen.similarity.words import normalised
from data_gen.source import Source
from lab.core.types import Completion, Example, Plan, Request, last_user_turn
from lab.tasks.base import SourceKind


class SelfInstruct(Templated):
    """New instructions in the style of seed instructions, each with answers."""

    reads: ClassVar[SourceKind] = "instruction"
    sections = {"new": ("examples",)}
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["self_instruct"] = "self_instruct"
    examples: int = Field(6, ge=1)
    """Number of seed instructions in the prompt, including the one of this source."""
    instructions: int = Field(1, ge=1)
    """New instructions generated per seed."""
    instruction_temperature: float = Field(0.7, gt=0)
    """Temperature for writing instructions (0.7 in the paper)."""
    samples: int = Field(1, ge=1)
    """Answers generated per new instruction."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The new instructions with their answers; unusable ones are marked wrong with the reason.

        Raises CompletionError if no instruction or no answer could be generated.
        """
        questions = yield from self._written(source)
        return (yield from answered(source, questions, self.samples, source.sampling))

    def _written(self, source: Source) -> Plan[list[Written]]:
        seeds = [source.question, *(last_user_turn(p.messages) for p in source.chosen(self.examples - 1))]
        source.random("order").shuffle(seeds)
        shown = "\n".join(f"{i}. {' '.join(seed.split())}" for i, seed in enumerate(seeds, 1))
        prompt = asking(source, self.prompt("new", examples=shown))
        sampling = source.sampling.but(
            temperature=self.instruction_temperature, stop=("\n",), max_tokens=LONGEST_INSTRUCTION
        )
        prefix = f"{len(seeds) + 1}."
        completions = yield from drawn(
            [
                Request(prompt, sampling, prefix=prefix, tag="question", index=i, required=False)
                for i in range(self.instructions)
            ]
        )
        known = {normalised(seed) for seed in seeds}
        written = ((c, cleaned(c.text)) for c in completions if c is not None)
        return [Written(prompt, c, text, _fault(text, c, known)) for c, text in written]


def _fault(text: str, completion: Completion, seeds: set[str]) -> str:
    """Why a new instruction is not used; "" if it is."""
    if fault := question_fault(text, completion):
        return fault
    if normalised(text) in seeds:
        return "it equals one of the seed instructions"
    if len(text.split()) > MOST_WORDS:
        return f"it has more than {MOST_WORDS} words"
    if not text[0].isalnum() and text[0] not in "\"'(¿¡":
        return "it starts with punctuation"
    found = _UNSUITABLE.search(text)
    return f"it asks for something that a text model cannot do ({found.group(0).lower()})" if found else ""


MOST_WORDS = 150
LONGEST_INSTRUCTION = 200
_UNSUITABLE = re.compile(
    r"\b(?:images?|pictures?|graphs?|files?|map|draw(?:ing)?|plot|go to|videos?|audio|music|flowcharts?|"
    r"diagrams?)\b",
    re.IGNORECASE,
)
"""The paper's list."""
