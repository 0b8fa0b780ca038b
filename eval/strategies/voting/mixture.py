"""One pool from several prompts or temperatures, with one vote over all (diverse prompts: Li et al. 2023).

Samples of one prompt make the same mistakes; different prompts make different ones. Each member has its own
samples; members with equal prompts use different samples of the same pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pydantic import Field

from eval.plans.drawing import draw, some_drawn
from eval.plans.voting import vote
from eval.strategies.base import StrategyComponent, first_alive
from lab.core.component import Component
from lab.core.types import Answer, Candidate, Message, Plan, Question
from lab.errors import CompletionError


class Member(Component):
    """A prompt or temperature of a mixture."""

    n: int = Field(default=4, ge=1)
    """Number of samples."""
    prompt: str = ""
    """Text after the question, on a line of its own."""
    system: str = ""
    """System message instead of the question's own; empty leaves it."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""


class Mixture(StrategyComponent):
    """Majority vote over the samples of all members; unparsed answers cast no vote, ties go to the first
    drawn.

    Confidence: the winner's share of all samples.
    """

    kind: Literal["mixture"] = "mixture"
    members: tuple[Member, ...] = Field(
        default=(Member(), Member(prompt="Think step by step.")), min_length=1
    )
    """The members of the mixture."""

    @property
    def measured_per_size(self) -> bool:
        """Each size is measured on its own, because its samples come from different prompts."""
        return True

    @property
    def size(self) -> int:
        """All members' samples."""
        return sum(member.n for member in self.members)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for several samples at temperature 0, which would be equal."""
        for i, member in enumerate(self.members):
            if member.n > 1 and member.temperature == 0:
                yield (
                    f"members.{i}.temperature",
                    f"must be above 0, because all {member.n} samples would be equal",
                )

    def solve(self, question: Question) -> Plan[Answer]:
        """One member after the other; a member whose samples all fail has no vote."""
        pool: list[Candidate] = []
        taken = Counter[object]()
        failure: CompletionError | None = None
        for member in self.members:
            asked = self._asked(question, member)
            way = (str(asked.messages), member.temperature)
            try:
                pool += yield from draw(asked, member.n, member.temperature, start=taken[way])
            except CompletionError as error:
                failure = error
            taken[way] += member.n
        if failure and not pool:
            raise failure
        some_drawn([c.completion for c in pool])
        ballot = vote([c.value for c in pool], [1.0] * len(pool))
        chosen = first_alive(pool) if ballot.winner is None else pool[ballot.winner]
        share, trace = ballot.weight / len(pool), {"stopped": "all"}
        return Answer(chosen.text, chosen.value, share, candidates=tuple(pool), trace=trace)

    def _asked(self, question: Question, member: Member) -> Question:
        """The question with this member's prompt."""
        *before, last = question.messages
        if member.system:
            before = [Message(role="system", content=member.system)] + [
                m for m in before if m["role"] != "system"
            ]
        if member.prompt:
            last = Message(role=last["role"], content=f"{last['content']}\n{member.prompt}")
        return replace(question, messages=(*before, last))
