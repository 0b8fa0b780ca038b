"""Evol-Instruct: instructions become harder, deeper, more concrete or different, in several rounds.

In each round the instruction evolves in depth (a constraint, depth, concreteness, more reasoning) or in
breadth (a new, rarer one); the kind is chosen at random. An evolution that the elimination rules reject is
dropped, and the next round starts again from the instruction before it [Xu et al. 2023, WizardLM,
arXiv:2304.12244]. It is rejected if it adds nothing new, if it copies words of the evolving prompt, or if its
answer is "sorry" or only stop words. The instructions of all rounds that were not rejected are kept.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf
from typing import ClassVar, Literal

from pydantic import Field

from data_gen.filters.defaults import UNJUDGED, Filters
from data_gen.methods.questions.templated import Templated
from data_gen.methods.questions.usable import (
    Written,
    answered,
    asking,
    cleaned,
    drawn,
    question_fault,
    unusable,
)
from data_gen.similarity.words import normalised, words
from data_gen.source import Source
from lab.core.types import Completion, Example, Plan, Request, Verdict
from lab.errors import CompletionError
from lab.language.choices import among
from lab.tasks.base import SourceKind

Evolution = Literal["constraints", "deepening", "concretizing", "reasoning", "breadth"]
EVOLUTIONS: tuple[Evolution, ...] = ("constraints", "deepening", "concretizing", "reasoning", "breadth")


class EvolInstruct(Templated):
    """Instructions that are made harder or different in `rounds` steps, with an answer after each step."""

    reads: ClassVar[SourceKind] = "instruction"
    sections = dict.fromkeys(EVOLUTIONS, ("instruction",)) | {"equal": ("instruction", "evolved")}
    default_filters: ClassVar[Filters] = UNJUDGED
    kind: Literal["evol_instruct"] = "evol_instruct"
    rounds: int = Field(2, ge=1)
    """Number of evolutions, each applied to the result of the one before (4 in the paper)."""
    evolutions: tuple[Evolution, ...] = Field(EVOLUTIONS, min_length=1)
    """Kinds of evolution to choose from."""
    ask_equal: bool = False
    """Ask the model whether an evolved instruction says the same as before (one token each), as in the paper.
    SmolLM2-135M says yes to nearly all (22 of 25), so use it only with a stronger model.
    """

    def generate(self, source: Source) -> Plan[list[Example]]:
        """One example per round, with `evolution` and `round` in its meta; eliminated ones are marked wrong.

        Raises CompletionError if nothing could be generated.
        """
        instruction, random = source.question, source.random("evolutions")
        examples: list[Example] = []
        for number in range(self.rounds):
            evolution = random.choice(self.evolutions)
            try:
                example = yield from self._round(source, instruction, evolution, number)
            except CompletionError:
                if number == self.rounds - 1 and not examples:
                    raise
                continue
            examples.append(example)
            if example.verdict is None:
                instruction = example.prompt[-1]["content"]
        return examples

    def _round(self, source: Source, instruction: str, evolution: Evolution, number: int) -> Plan[Example]:
        """One evolution with its answer."""
        prompt = asking(source, self.prompt(evolution, instruction=instruction))
        (completion,) = yield from drawn(
            [Request(prompt, source.sampling, tag="question", index=number, required=False)]
        )
        assert completion is not None  # `drawn` raises if nothing could be generated
        text, meta = cleaned(completion.text), {"evolution": evolution, "round": number + 1}
        fault = self._fault(evolution, instruction, text, completion)
        if not fault and self.ask_equal and (yield from self._equal(source, instruction, text)):
            fault = "the evolved instruction asks for the same as the old one"
        written = Written(prompt, completion, text, fault, meta=meta)
        if fault:
            return unusable(source, written, number)
        (example,) = yield from answered(source, [written], 1, source.sampling)
        example = replace(example, meta={**example.meta, "index": number})
        reason = answer_fault(example.completion)
        return replace(example, verdict=Verdict(False, None, reason)) if reason else example

    def _fault(self, evolution: Evolution, before: str, after: str, completion: Completion) -> str:
        """Why an evolved instruction is eliminated without asking a model; "" if it is not."""
        faults = (
            question_fault(after, completion),
            evolution_fault(before, after),
            self.copied(evolution, after),
        )
        return next(filter(None, faults), "")

    def _equal(self, source: Source, instruction: str, evolved: str) -> Plan[bool]:
        """Whether the model says that the two are equal; False if it could not be asked."""
        content = self.prompt("equal", instruction=instruction, evolved=evolved)
        sampling = source.sampling.but(temperature=0.0, max_tokens=1, allowed_tokens=("Yes", "No"))
        request = Request(asking(source, content), sampling, role="verifier", tag="equal", required=False)
        (reply,) = yield [request]
        if not reply.drawn:
            return False
        found = among(reply.choices, ("Yes", "No"))
        return found.get("Yes", -inf) > found.get("No", -inf)


def evolution_fault(before: str, after: str) -> str:
    """Why an evolved instruction is eliminated because of its words; "" if it is not."""
    if normalised(before).strip(" .?!") == normalised(after).strip(" .?!"):
        return "the evolved instruction equals the old one"
    copied = _COPIED.search(after)
    return f"it copies the evolving prompt ({copied.group(0)!r})" if copied else ""


def answer_fault(answer: str) -> str:
    """Why an evolved instruction is eliminated because of its answer; "" if it is not."""
    if "sorry" in answer.lower() and len(answer.split()) < 80:
        return "its answer is an apology"
    if not set(words(answer)) - _STOP_WORDS:
        return "its answer has only stop words"
    return ""


_COPIED = re.compile(
    r"(?:given|rewritten|created|new|evolved) (?:task|prompt|instruction)\b|rewrite the task|\btask:"
    r"|do not answer it|rewritten:|more concrete:",
    re.IGNORECASE,
)
_STOP_WORDS = frozenset(
    """a an and are as at be but by for from has have he her his i in is it its no not of on or she so that
    the their them they this to was we were what which who will with yes you your""".split()  # noqa: SIM905
)
