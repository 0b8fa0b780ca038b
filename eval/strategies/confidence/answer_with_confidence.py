"""One greedy answer and a confidence in it: for asking which confidence knows right from wrong.

With several scorers it gives the same answer several times, so that their AUROC, calibration and
risk-coverage curves are of one set of answers, and each pays for its own evidence alone.
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
