"""Draft, feedback by the same model, refined answer, repeated (Self-Refine, Madaan et al. 2023).

The model is asked to say `STOP_PHRASE` if nothing is wrong, which ends the rounds. This is intrinsic
self-correction, which Huang et al. 2024 found to lose accuracy as often as to gain it. With the oracle as the
gate the gold ends the rounds, which is a ceiling.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from eval.plans.turns import about, asked, clipped, instead
from eval.strategies.base import StrategyComponent
from eval.strategies.revision.rounds import Gate, Thread, improved
from lab.core.types import Answer, Candidate, Messages, Plan, Question


class SelfRefine(StrategyComponent):
    """Draft, feedback, revision, until the model finds no errors; the newest parsed answer counts.

    A revision without a parsed answer replaces nothing. Costs 1 + 2 completions per round. No confidence,
    because the model's own approval is not a probability.
    """

    kind: Literal["self_refine"] = "self_refine"
    rounds: int = Field(default=2, ge=0)
    """Maximum number of rounds of feedback and revision after the draft."""
    gate: Gate = "own"
    """What ends the rounds early: own: the model finds no errors; oracle: the answer is right (a ceiling)."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature for answers and feedback."""
    feedback_tokens: int = Field(default=128, ge=1)
    """Maximum number of tokens of the feedback."""
    max_shown: int = Field(default=4000, ge=16)
    """Maximum number of characters of an answer or feedback in a prompt; of longer ones, beginning and end
    are shown.
    """

    @property
    def curve(self) -> str:
        """The kind, with the gate if it is the oracle."""
        return self.name or (self.kind if self.gate == "own" else f"{self.kind}[{self.gate}]")

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
        """Complete answers at most: the draft and one per round."""
        return self.rounds + 1

    def solve(self, question: Question) -> Plan[Answer]:
        """One request at a time, because each needs the one before."""

        def criticise(answer: Candidate, number: int) -> Messages:
            text = clipped(answer.text, self.max_shown)
            return about(question, FEEDBACK.format(question=asked(question), answer=text))

        def rewrite(answer: Candidate, feedback: str) -> Messages:
            text, said = clipped(answer.text, self.max_shown), clipped(feedback, self.max_shown)
            return instead(question, REFINE.format(question=asked(question), answer=text, feedback=said))

        return improved(
            Thread(question, self.temperature),
            self.rounds,
            criticise=criticise,
            rewrite=rewrite,
            satisfied=satisfied,
            tokens=self.feedback_tokens,
            gate=self.gate,
        )


def satisfied(feedback: str) -> bool:
    """Whether the stop phrase is a separate statement, not part of a longer one or of a word."""
    return _STOP.search(feedback) is not None


STOP_PHRASE = "No errors"

FEEDBACK = (
    "Problem:\n{question}\n\nSolution:\n{answer}\n\n"
    "Check the solution step by step. If every step and the final answer are right, "
    f'write only "{STOP_PHRASE}." Otherwise say what is wrong.'
)

REFINE = (
    "A solution to the problem below was:\n{answer}\n\nFeedback on it:\n{feedback}\n\n"
    "Solve the problem again and mend what is wrong.\n\n{question}"
)

_STOP = re.compile(
    rf"(?:^|[.!?:\n])[\s\"'*]{{0,4}}(?:there (?:are|were) )?{STOP_PHRASE}"
    r"(?: (?:were )?found)?[\s\"'*]{0,4}(?:[.!\n]|$)",
    re.IGNORECASE,
)
