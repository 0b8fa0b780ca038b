"""Grounded questions: a question about a document, its answer, and the words of the document that support it.

`evidence: chosen` is for small models. The method uses the sentences of the passage one by one, so the
evidence is real by construction. The model writes a question about one of them with an answer copied from it,
in a JSON schema, after worked examples, and reads the sentence again to see whether it gets the same answer
[roundtrip consistency, Alberti et al. 2019, arXiv:1906.05416]. With `evidence: quoted` the model chooses a
quotation, which is compared with the document except for white space [Attributed QA, Bohnet et al. 2022,
arXiv:2212.08037; GopherCite, Menick et al. 2022, arXiv:2203.11147]. In both cases invented answers and
quotations are detected and marked wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.questions.grounding import (
    PAIR,
    QuestionAnswer,
    agrees,
    in_words_of,
    pair_fault,
    sentences,
)
from data_gen.methods.questions.structured import parsed, schema_of
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import (
    Written,
    asking,
    carried,
    drawn,
    estimated_meta,
    question_fault,
    system_of,
    unusable,
)
from data_gen.similarity.words import normalised
from data_gen.source import Source
from lab.core.fields import only_with
from lab.core.types import Completion, Example, Message, Messages, Plan, Problem, Request, Verdict
from lab.tasks.base import SourceKind


class GroundedReply(BaseModel):
    """The model's reply, with limits on characters, so that guided decoding ends."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: str = Field(max_length=200)
    answer: str = Field(max_length=150)
    evidence: str = Field(max_length=300)


SCHEMA = schema_of(GroundedReply)


class GroundedQA(Templated):
    """Questions about a passage, each with an answer and a quotation as evidence."""

    reads: ClassVar[SourceKind] = "document"
    sections = {
        "examples": (),
        "about": ("sentence",),
        "check": ("sentence", "question"),
        "ask": ("document", "title?"),
        "reader": ("question", "document?"),
        "reply": ("answer", "evidence?"),
    }
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["grounded_qa"] = "grounded_qa"
    questions: int = Field(4, ge=1)
    """Questions generated per passage."""
    evidence: Literal["chosen", "quoted"] = "chosen"
    """Where the evidence comes from: a sentence that the method chooses, each in turn (for small models), or
    a quotation that the model chooses (for large ones; in 160 attempts, SmolLM2-135M made no correct
    quotation).
    """
    confirm: Annotated[bool, only_with("evidence", "chosen")] = True
    """With chosen evidence: keep a pair only if the model gives the same answer when it is asked its own
    question. Checked by hand, 37 of 53 confirmed pairs of SmolLM2-135M were right, and 4 of 14 others.
    """

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per reply, with `question`, `answer` and `evidence` in its meta.

        A reply that does not parse, whose answer or evidence is not in the text, or that the model does not
        confirm is marked wrong with the reason. Token counts are estimated (`tokens` says so), because the
        reply is assembled from parts. A passage without a sentence gives none. Raises CompletionError if
        nothing could be generated.
        """
        document = str(source.problem.meta.get("document") or source.question)
        if self.evidence == "quoted":
            return (yield from self._quoted(source, document))
        return (yield from self._chosen(source, document))

    def _chosen(self, source: Source, document: str) -> Plan[list[Example]]:
        """Questions about the passage's sentences, in an order that depends on the passage, repeated if there
        are few sentences.
        """
        found = sentences(document)
        order = source.random("sentences").sample(found, len(found))
        taken = [order[i % len(order)] for i in range(self.questions)] if order else []
        asked = [self._shown(source, self.prompt("about", sentence=sentence)) for sentence in taken]
        sampling = source.sampling.but(json_schema=PAIR)
        completions = yield from drawn(
            [Request(p, sampling, tag="question", index=i, required=False) for i, p in enumerate(asked)]
        )
        examples = [
            self._about(source, asked[i], completion, i, taken[i])
            for i, completion in enumerate(completions)
            if completion is not None
        ]
        return once((yield from self._confirmed(source, examples)) if self.confirm else examples)

    def _shown(self, source: Source, content: str, *, answers: bool = False) -> Messages:
        """Worked examples as turns, then the user turn; with `answers`, the examples' questions are
        answered.
        """
        turns: list[Message] = []
        for sentence, question, answer in self._examples():
            if answers:
                shown, reply = self.prompt("check", sentence=sentence, question=question), answer
            else:
                shown = self.prompt("about", sentence=sentence)
                reply = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
            turns += [Message(role="user", content=shown), Message(role="assistant", content=reply)]
        return (*system_of(source), *turns, Message(role="user", content=content))

    def _about(
        self, source: Source, asked: Messages, completion: Completion, index: int, sentence: str
    ) -> Example:
        found = parsed(QuestionAnswer, completion.text)
        fault = found if isinstance(found, str) else pair_fault(found, sentence) or self._of_example(found)
        if isinstance(found, str) or fault:
            return unusable(source, Written(asked, completion, completion.text, fault), index)
        as_said = found.model_copy(update={"answer": in_words_of(sentence, found.answer)})
        return self._made(source, asked, completion, index, as_said, sentence)

    def _of_example(self, found: QuestionAnswer) -> str:
        """Why a question from the worked examples cannot be used (small models repeat them)."""
        shown = {question.casefold() for _, question, _ in self._examples()}
        return "it repeats an example of the prompt" if found.question.strip().casefold() in shown else ""

    def _confirmed(self, source: Source, examples: list[Example]) -> Plan[list[Example]]:
        """The examples. Those for which the model gives another answer to its own question are marked
        wrong.
        """
        usable = [i for i, example in enumerate(examples) if example.verdict is None]
        sampling = source.sampling.but(temperature=0.0, max_tokens=CONFIRMING)
        requests = []
        for number, i in enumerate(usable):
            known = examples[i].meta
            content = self.prompt("check", sentence=known["evidence"], question=known["question"])
            prompt = self._shown(source, content, answers=True)
            requests.append(Request(prompt, sampling, tag="confirm", index=number, required=False))
        replies = (yield requests) if requests else []
        for i, reply in zip(usable, replies, strict=True):
            if not reply.drawn or not agrees(reply.text, str(examples[i].meta["answer"])):
                said = " ".join(reply.text.split())[:80] if reply.drawn else "nothing"
                verdict = Verdict(False, None, f"asked again, the model gives another answer: {said!r}")
                examples[i] = replace(examples[i], verdict=verdict)
        return examples

    def _examples(self) -> list[tuple[str, str, str]]:
        """The template's worked examples: sentence, question, answer."""
        blocks = self.prompt("examples").split("\n\n")
        parts = (tuple(line.strip() for line in block.strip().splitlines()) for block in blocks)
        return [(part[0], part[1], part[2]) for part in parts if len(part) == 3]

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields errors in a template, including examples that are not three lines each."""
        template = list(super().faults())
        yield from template
        if not template and self.evidence == "chosen":
            blocks = self.prompt("examples").split("\n\n")
            if bad := [block for block in blocks if len(block.strip().splitlines()) != 3]:
                yield (
                    "template",
                    (
                        "expected an example of three lines (sentence, question, answer), found "
                        f"{bad[0][:60]!r}"
                    ),
                )

    def _quoted(self, source: Source, document: str) -> Plan[list[Example]]:
        """Questions with a quotation that the model chooses."""
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
            self._quoting(source, prompt, completion, i, document)
            for i, completion in enumerate(completions)
            if completion is not None
        ]

    def _quoting(
        self, source: Source, asked: Messages, completion: Completion, index: int, document: str
    ) -> Example:
        found = parsed(GroundedReply, completion.text)
        fault = found if isinstance(found, str) else self._fault(found, completion)
        if isinstance(found, str) or fault:
            return unusable(source, Written(asked, completion, completion.text, fault), index)
        example = self._made(source, asked, completion, index, found, found.evidence)
        reason = evidence_fault(found.evidence, document)
        return replace(example, verdict=Verdict(False, found.answer, reason)) if reason else example

    def _made(
        self,
        source: Source,
        asked: Messages,
        completion: Completion,
        index: int,
        found: QuestionAnswer | GroundedReply,
        evidence: str,
    ) -> Example:
        document = str(source.problem.meta.get("document") or source.question)
        prompt = asking(source, self.prompt("reader", document=document, question=found.question.strip()))
        reply = self.prompt("reply", answer=found.answer.strip(), evidence=evidence.strip())
        meta = estimated_meta(completion, index, asked, prompt, reply) | carried(source)
        meta |= found.model_dump() | {"evidence": evidence}
        problem = Problem(f"{source.problem.id}/new/{index}", prompt, None, {})
        return Example(source.problem.id, prompt, reply, meta, problem=problem)

    def _fault(self, found: GroundedReply, completion: Completion) -> str:
        if not found.answer.strip():
            return "the answer is empty"
        return question_fault(found.question, completion) or self.copied("ask", found.question)


def once(examples: list[Example]) -> list[Example]:
    """The examples; of good ones with the same sentence and answer, all but the first are marked."""
    seen: set[tuple[str, str]] = set()
    for i, example in enumerate(examples):
        if example.verdict is None:
            key = (str(example.meta["evidence"]), normalised(str(example.meta["answer"])))
            if key in seen:
                examples[i] = replace(
                    example, verdict=Verdict(False, None, ("it repeats an earlier question"))
                )
            seen.add(key)
    return examples


def evidence_fault(evidence: str, document: str) -> str:
    """Why a quotation does not count; "" if it is in the document, except for white space."""
    quoted = " ".join(evidence.split())
    if len(quoted.split()) < FEWEST_WORDS:
        return f"the evidence has fewer than {FEWEST_WORDS} words"
    return "" if quoted in " ".join(document.split()) else "the evidence is not in the document"


FEWEST_WORDS = 3
"""A shorter quotation ("the", "in 2024") occurs in almost any document."""
CONFIRMING = 40
"""Maximum number of tokens of the second answer."""
