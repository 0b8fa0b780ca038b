"""One greedy answer with a confidence: for comparing confidence measures.

With several scorers it gives the same answer several times, so that their AUROC, calibration and
risk-coverage curves use the same answers, and each is charged for its own requests only.
"""

from __future__ import annotations

from typing import Literal

from eval.strategies.confidence.confident import Confident
from lab.core.types import Answer, Plan, Question


class AnswerWithConfidence(Confident):
    """The greedy answer, always given, with the scorer's weight as its confidence (see the trace)."""

    kind: Literal["answer_with_confidence"] = "answer_with_confidence"

    def solve(self, question: Question) -> Plan[Answer]:
        """One request, then the scorer's."""
        found = yield from self.answered(question)
        return Answer(
            found.text, found.value, self.confidence(found), candidates=(found,), trace=self.evidence(found)
        )
