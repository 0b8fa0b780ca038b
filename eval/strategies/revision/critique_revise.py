"""Draft, critique by a principle, revision (after Constitutional AI, Bai et al. 2022).

The critic may be another model of the stage; then this measures external feedback, at the critic's own cost.
Unlike in self_refine, the critic cannot stop the rounds: every round revises, each by the next principle,
unless the gate is the oracle and the answer is right (a ceiling).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from eval.plans.turns import about, asked, clipped, instead
from eval.strategies.base import StrategyComponent
from eval.strategies.revision.rounds import Gate, Thread, improved
from lab.core.fields import ModelName
from lab.core.types import Answer, Candidate, Messages, Plan, Question


class CritiqueRevise(StrategyComponent):
    """Draft, critique, revision; the newest parsed answer counts. Costs 1 + 2 completions per round.

    No confidence.
    """

    kind: Literal["critique_revise"] = "critique_revise"
    rounds: int = Field(default=1, ge=0)
    """Number of critiques and revisions after the draft."""
    gate: Gate = "own"
    """What ends the rounds early: own: nothing; oracle: the gold, when the answer is right (a ceiling)."""
    critic: ModelName = ""
    """Model that writes the critique: one of the stage's `models`; empty: the answering model."""
    principles: tuple[str, ...] = Field(default=(), max_length=64)
    """What to look for, one principle per round, in turn; empty: the built-in ones."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature for answers and critiques."""
    critique_tokens: int = Field(default=128, ge=1)
    """Maximum number of tokens of a critique."""
    max_shown: int = Field(default=4000, ge=16)
    """Maximum number of characters of an answer or critique in a prompt; of longer ones, beginning and end
    are shown.
    """

    @property
    def curve(self) -> str:
        """The kind, with the critic if it is another model and the gate if it is the oracle."""
        inside = " ".join(filter(None, (self.critic, self.gate if self.gate == "oracle" else "")))
        return self.name or (f"{self.kind}[{inside}]" if inside else self.kind)

    @property
    def ceiling(self) -> bool:
        """Whether the gold ends the rounds."""
        return self.gate == "oracle" or super().ceiling

    @property
    def measured_per_size(self) -> bool:
        """Each number of rounds is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """Complete answers: the draft and one per round."""
        return self.rounds + 1

    def solve(self, question: Question) -> Plan[Answer]:
        """One request at a time, because each needs the one before."""
        principles = self.principles or PRINCIPLES

        def criticise(answer: Candidate, number: int) -> Messages:
            principle = principles[(number - 1) % len(principles)]
            text = clipped(answer.text, self.max_shown)
            said = CRITIQUE.format(question=asked(question), answer=text, principle=principle)
            return about(question, said)

        def rewrite(answer: Candidate, critique: str) -> Messages:
            text, said = clipped(answer.text, self.max_shown), clipped(critique, self.max_shown)
            return instead(question, REVISION.format(question=asked(question), answer=text, critique=said))

        return improved(
            Thread(question, self.temperature),
            self.rounds,
            criticise=criticise,
            rewrite=rewrite,
            satisfied=lambda critique: False,
            tokens=self.critique_tokens,
            critic=self.critic,
            gate=self.gate,
        )


PRINCIPLES = (
    "Every step must be correct and follow from the one before.",
    "The final answer must be what the question asks for.",
)

CRITIQUE = (
    "Problem:\n{question}\n\nSolution:\n{answer}\n\n{principle}\nCheck the solution and say what is wrong."
)

REVISION = (
    "A solution to the problem below was:\n{answer}\n\nA reviewer says:\n{critique}\n\n"
    "Solve the problem again and mend what is wrong.\n\n{question}"
)
