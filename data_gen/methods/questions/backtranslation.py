"""Backtranslation: the answer is a text that a person wrote, and the model writes a question for it.

Each passage is used as an answer of high quality, and the model writes the instruction that it answers.
Curation rates each pair from 1 to 5 [Li et al. 2024, Humpback, arXiv:2308.06259]. Here the rating is the
expected digit under the model's own probabilities, so that a weak model gives fewer ties. The text is what is
learned.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import (
    Written,
    asking,
    carried,
    cleaned,
    drawn,
    estimated_meta,
    problem_of,
    question_fault,
    unusable,
)
from data_gen.source import Source
from lab.core.fields import ModelName
from lab.core.types import Completion, Example, Plan, Request, Verdict
from lab.language.choices import among
from lab.tasks.base import SourceKind


class Backtranslation(Templated):
    """Questions for passages; the passage is the completion."""

    reads: ClassVar[SourceKind] = "document"
    sections = {"question": ("document", "title?"), "score": ("question", "document")}
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["backtranslation"] = "backtranslation"
    questions: int = Field(1, ge=1)
    """Questions generated per passage."""
    curate: bool = True
    """Rate each pair (`score` in its meta)."""
    least_score: float = Field(0.0, ge=0, le=5)
    """Pairs with a lower rating are marked wrong; 0 keeps all (the paper keeps 4.5 and more)."""
    model: ModelName = ""
    """Which of the stage's `models` rates the pairs; empty uses the stage's own model, as in the paper."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per question. Token counts of texts that no model wrote are estimated (`tokens` says
        so).

        Raises CompletionError if no question could be generated.
        """
        document = str(source.problem.meta.get("document") or source.question)
        title = source.problem.meta.get("title", "")
        prompt = asking(source, self.prompt("question", document=document, title=title))
        completions = yield from drawn(
            [
                Request(prompt, source.sampling, tag="question", index=i, required=False)
                for i in range(self.questions)
            ]
        )
        found = [
            (i, Written(prompt, c, text, question_fault(text, c) or self.copied("question", text)))
            for i, c in enumerate(completions)
            if c is not None
            for text in [cleaned(c.text)]
        ]
        examples = [_example(source, written, i, document) for i, written in found]
        return (yield from self._rated(source, examples, document)) if self.curate else examples

    def _rated(self, source: Source, examples: list[Example], document: str) -> Plan[list[Example]]:
        """The examples with their scores; those that were not rated or are unusable stay unchanged."""
        usable = [i for i, example in enumerate(examples) if example.verdict is None]
        sampling = source.sampling.but(temperature=0.0, max_tokens=1, allowed_tokens=FIVE)
        contents = [
            self.prompt("score", question=examples[i].prompt[-1]["content"], document=document)
            for i in usable
        ]
        replies = yield [
            Request(
                asking(source, content),
                sampling,
                role="verifier",
                tag="judge",
                index=i,
                required=False,
                model=self.model,
            )
            for i, content in zip(usable, contents, strict=True)
        ]
        for i, reply in zip(usable, replies, strict=True):
            if reply.drawn:
                examples[i] = self._scored(examples[i], expected_digit(reply))
        return examples

    def _scored(self, example: Example, score: float) -> Example:
        low = score < self.least_score
        verdict = Verdict(False, None, f"rated {score:.2f}, below {self.least_score:g}") if low else None
        return replace(example, meta={**example.meta, "score": round(score, 4)}, verdict=verdict)


FIVE = tuple("12345")
"""The ratings in a translated template."""


def expected_digit(reply: Completion) -> float:
    """The mean of the digits 1 to 5 under their probabilities, normalised over the five.

    Raises NumbersError if the engine returned none, or if none of them has a probability.
    """
    weights = {int(digit): math.exp(logprob) for digit, logprob in among(reply.choices, FIVE).items()}
    return sum(digit * weight for digit, weight in weights.items()) / sum(weights.values())


def _example(source: Source, written: Written, index: int, document: str) -> Example:
    if written.reason:
        return unusable(source, written, index)
    problem = problem_of(source, index, written)
    meta = estimated_meta(written.completion, index, written.prompt, problem.messages, document)
    return Example(source.problem.id, problem.messages, document, meta | carried(source), problem=problem)
