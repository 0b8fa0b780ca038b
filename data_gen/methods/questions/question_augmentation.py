"""Question augmentation: several new questions from one question with a known answer (MetaMath).

Rephrased questions keep the gold. Backward questions mask one number of the question as x, state the answer
and ask for x: after the question itself (FOBAR, Jiang et al. 2023, arXiv:2308.07758) or after a statement
made of question and answer (self-verification, Weng et al. 2022, arXiv:2212.09561); their gold is the masked
number. All as in MetaMath [Yu et al. 2023, arXiv:2309.12284]. Backward questions contain the gold of the
original question by design; `hinted` in their meta records this.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.methods.questions.backward import Masked, masked, split_instruction, statement_fault
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import Written, answered, asking, cleaned, drawn, question_fault
from data_gen.source import Source
from lab.core.types import Completion, Example, FinishReason, Plan, Request, Usage, Verdict
from lab.statistics.voting import majority
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.numeric import Numeric


class QuestionAugmentation(Templated):
    """Rephrased and backward questions, each with its answers."""

    shows_gold: ClassVar[bool] = True
    sections = {
        "rephrase": ("question",),
        "statement": ("question", "answer"),
        "self_verification": ("statement",),
        "backward": ("question", "answer"),
    }
    kind: Literal["question_augmentation"] = "question_augmentation"
    rephrased: int = Field(1, ge=0)
    """Rephrasings generated per question."""
    backward: int = Field(1, ge=0)
    """Number of numbers to mask per question for backward questions (FOBAR)."""
    self_verification: int = Field(0, ge=0)
    """Number of numbers to mask per question for self-verification, where the model writes a statement first.
    """
    samples: int = Field(4, ge=1)
    """Answers generated per new question (and per old question if `agree` is majority)."""
    agree: Literal["gold", "majority", "off"] = "gold"
    """When a rephrased question is kept: at least one of its answers is right by the old gold; the majority
    of its answers is that of the old question; always.
    """

    def generate(self, source: Source) -> Plan[list[Example]]:
        """The answers to all new questions; `augmentation` in the meta is the kind of question.

        Answers to a rephrasing that does not count are marked wrong. Without a gold there are no backward
        questions, and `agree` gold means majority. Raises CompletionError if nothing could be generated.
        """
        question, instruction = split_instruction(source)
        written = yield from self._written(source, question, instruction)
        examples = yield from answered(source, written, self.samples, source.sampling)
        examples = [_judged(example) for example in examples]
        agree = "majority" if self.agree == "gold" and source.problem.gold is None else self.agree
        if agree == "off" or not any(_rephrased(example) for example in examples):
            return examples
        return (yield from self._confirmed(source, examples, agree))

    def _written(self, source: Source, question: str, instruction: str) -> Plan[list[Written]]:
        """All new questions: those that the model writes, and those made by masking."""
        golds = gold_texts(source.problem.gold)
        both = self.backward + self.self_verification
        numbers = masked(question, both, source.random("masked")) if golds else []
        stated = numbers[self.backward :]
        contents = [self.prompt("rephrase", question=question)] * self.rephrased
        contents += [self.prompt("statement", question=m.question, answer=golds[0]) for m in stated]
        completions = yield from drawn(
            [
                Request(asking(source, content), source.sampling, tag="question", index=i, required=False)
                for i, content in enumerate(contents)
            ]
        )
        found: list[Written] = []
        for i, (content, c) in enumerate(zip(contents, completions, strict=True)):
            if c is None:
                continue
            prompt, text = asking(source, content), cleaned(c.text)
            if i < self.rephrased:
                meta = {"augmentation": "rephrased", "old_question": source.question}
                fault = question_fault(text, c) or _same(question, text) or self.copied("rephrase", text)
                gold = source.problem.gold
                found.append(Written(prompt, c, _with(text, instruction), fault, gold, meta))
            else:
                number = stated[i - self.rephrased]
                fault = question_fault(text, c) or statement_fault(text, number, golds[0])
                text = self.prompt("self_verification", statement=text)
                found.append(
                    _backward(Written(prompt, c, text, fault), number, instruction, "self_verification")
                )
        for number in numbers[: self.backward]:
            text = self.prompt("backward", question=number.question, answer=golds[0])
            plain = Written(source.problem.messages, _UNWRITTEN, text)
            found.append(_backward(plain, number, instruction, "backward"))
        return found

    def _confirmed(self, source: Source, examples: list[Example], agree: str) -> Plan[list[Example]]:
        """The examples, with answers to rephrasings that do not count marked wrong."""
        wanted: str | None = None
        if agree == "majority":
            requests = [
                Request(source.problem.messages, source.sampling, tag="sample", index=i, required=False)
                for i in range(self.samples)
            ]
            answers = yield requests
            wanted = majority([source.canonical(c.text, cut=c.cut) for c in answers if c.drawn])[0]
        groups: dict[str, list[Example]] = {}
        for example in filter(_rephrased, examples):
            groups.setdefault(example.prompt[-1]["content"], []).append(example)
        counts = {text: self._counts(source, group, agree, wanted) for text, group in groups.items()}
        return [
            replace(e, verdict=Verdict(False, None, UNCONFIRMED))
            if _rephrased(e) and not counts[e.prompt[-1]["content"]]
            else e
            for e in examples
        ]

    def _counts(self, source: Source, group: list[Example], agree: str, wanted: str | None) -> bool:
        """Whether a rephrasing counts, by its answers."""
        if agree == "gold":
            return any(source.check(example.completion, example.problem).correct for example in group)
        winner = majority([source.canonical(example.completion) for example in group])[0]
        return wanted is not None and winner == wanted


def _rephrased(example: Example) -> bool:
    """Whether it answers a rephrasing (and is not an unusable rephrasing itself)."""
    return example.meta.get("augmentation") == "rephrased" and example.verdict is None


def _backward(written: Written, number: Masked, instruction: str, kind: str) -> Written:
    meta = {"augmentation": kind, "hinted": True}
    return replace(written, text=_with(written.text, instruction), gold=number.value, meta=meta)


def _judged(example: Example) -> Example:
    """The answers to backward questions are checked as numbers, independent of the task's own checker."""
    if example.meta.get("augmentation") == "rephrased" or example.verdict or example.problem is None:
        return example
    return replace(example, verdict=Numeric().check(example.problem, example.completion))


def _same(question: str, rephrased: str) -> str:
    same = " ".join(question.casefold().split()) == " ".join(rephrased.casefold().split())
    return "the rephrased question equals the old one" if same else ""


def _with(text: str, instruction: str) -> str:
    return f"{text}\n{instruction}" if instruction else text


UNCONFIRMED = "the answers to the rephrased question do not agree with the old answer"
_STOP: FinishReason = "stop"
_UNWRITTEN = Completion("", _STOP, Usage(0, 0, 0))
"""Stands for a question that was not written by a model."""
