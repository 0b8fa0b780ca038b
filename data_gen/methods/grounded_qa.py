"""Grounded questions: from a document to a question, its answer, and the words of the document that say so.

The model replies with a JSON object along a schema. The quoted evidence must stand in the document, white
space aside; one that does not is made up, and the example is marked wrong. So a weak model can be used: what
it invents is found out. [Attributed QA, Bohnet et al. 2022, arXiv:2212.08037; quotes checked against the text
as in GopherCite, Menick et al. 2022, arXiv:2203.11147]
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.base import Reads
from data_gen.methods.questions import (
    Written,
    asking,
    carried,
    drawn,
    estimated_meta,
    question_fault,
    unusable,
)
from data_gen.methods.templated import Templated
from data_gen.structured import parsed, schema_of
from lab.core.source import Source
from lab.core.types import Completion, Example, Messages, Plan, Problem, Request, Verdict


class Grounded(BaseModel):
    """What the model replies with; limited in characters, so that guided decoding ends in time."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: str = Field(max_length=200)
    answer: str = Field(max_length=150)
    evidence: str = Field(max_length=300)


SCHEMA = schema_of(Grounded)


class GroundedQA(Templated):
    """Questions about a passage with an answer and a quotation."""

    reads: ClassVar[Reads] = "document"
    sections = {
        "ask": ("document", "title?"),
        "reader": ("question", "document?"),
        "reply": ("answer", "evidence?"),
    }
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["grounded_qa"] = "grounded_qa"
    questions: int = Field(2, ge=1)
    """Questions asked for per passage."""

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per reply, `question`, `answer` and `evidence` in its meta.

        A reply that does not parse or whose evidence is not in the document is marked wrong with the reason.
        Token counts are estimated (`tokens` says so): the reply is put together from the parts. Raises
        CompletionError when nothing could be drawn.
        """
        document = str(source.problem.meta.get("document") or source.question)
        title = source.problem.meta.get("title", "")
        prompt = asking(source, self.prompt("ask", document=document, title=title))
        sampling = source.sampling.but(json_schema=SCHEMA)
        completions = yield from drawn(
            [
                Request(prompt, sampling, tag="question", index=i, required=False)
                for i in range(self.questions)
            ]
        )
        return [
            self._example(source, prompt, completion, i, document)
            for i, completion in enumerate(completions)
            if completion is not None
        ]

    def _example(
        self, source: Source, asked: Messages, completion: Completion, index: int, document: str
    ) -> Example:
        found = parsed(Grounded, completion.text)
        fault = found if isinstance(found, str) else self._fault(found, completion)
        if isinstance(found, str) or fault:
            return unusable(source, Written(asked, completion, completion.text, fault), index)
        content = self.prompt("reader", document=document, question=found.question.strip())
        prompt = asking(source, content)
        reply = self.prompt("reply", answer=found.answer.strip(), evidence=found.evidence.strip())
        meta = estimated_meta(completion, index, asked, prompt, reply) | carried(source) | found.model_dump()
        problem = Problem(f"{source.problem.id}/new/{index}", prompt, None, {})
        reason = evidence_fault(found.evidence, document)
        verdict = Verdict(False, found.answer, reason) if reason else None
        return Example(source.problem.id, prompt, reply, meta, verdict=verdict, problem=problem)

    def _fault(self, found: Grounded, completion: Completion) -> str:
        if not found.answer.strip():
            return "the answer is empty"
        return question_fault(found.question, completion) or self.copied("ask", found.question)


def evidence_fault(evidence: str, document: str) -> str:
    """Why a quotation does not count; "" if it stands in the document, white space aside."""
    quoted = " ".join(evidence.split())
    if len(quoted.split()) < FEWEST_WORDS:
        return f"the evidence has fewer than {FEWEST_WORDS} words"
    return "" if quoted in " ".join(document.split()) else "the evidence is not in the document"


FEWEST_WORDS = 3
"""A shorter quotation ("the", "in 2024") stands in almost any document."""
