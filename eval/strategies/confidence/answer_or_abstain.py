"""Answers if confident enough, else says "I don't know" (selective prediction, Geifman & El-Yaniv 2017).

Any scorer can be the confidence. The threshold is fixed, or learned on dev problems for a target risk;
eval/learning/thresholds.py describes the three risks and their guarantees. Answering a question that has no
answer is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.learning.thresholds import NEVER, Case, conformal_threshold, keeping_threshold, selective_threshold
from eval.strategies.confidence.confident import Confident
from lab.core.fields import only_with
from lab.core.types import Answer, Plan, Question
from lab.language.abstention.reading import ABSTAINED, I_DO_NOT_KNOW, abstains

log = logging.getLogger(__name__)


class AnswerOrAbstain(Confident):
    """The greedy answer if its confidence reaches the threshold, else an abstention.

    A missing confidence (the scorer failed) counts as 0. A withheld answer stays the candidate, and its
    confidence that of the answer.
    """

    kind: Literal["answer_or_abstain"] = "answer_or_abstain"
    threshold: float | Literal["learn"] = "learn"
    """Minimum confidence for an answer; above 1 it always abstains. "learn" chooses it on dev problems."""
    risk: Annotated[float, only_with("threshold", "learn")] = Field(default=0.2, gt=0.0, lt=1.0)
    """With "learn": how much may go wrong, as `by` defines."""
    by: Annotated[Literal["selective_risk", "conformal", "kept"], only_with("threshold", "learn")] = (
        "selective_risk"
    )
    """With "learn", how the threshold is chosen. selective_risk: the highest coverage at which at most the
    share `risk` of the given answers is wrong on dev problems, without a guarantee for others. conformal:
    conformal risk control, which bounds the expected share of all problems that are answered wrongly. kept:
    as many abstentions as possible while at most the share `risk` of the right answers is withheld.
    """

    @property
    def curve(self) -> str:
        """The kind with the scorer and the threshold."""
        line = f"at={self.threshold}" if self.threshold != "learn" else f"{LINES[self.by]}={self.risk:g}"
        return self.name or f"{self.kind}[{self.scorer.label} {line}]"

    @property
    def learns(self) -> bool:
        """Whether its threshold, or its scorer, has to be learned."""
        return self.threshold == "learn" or super().learns

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a threshold that is not a confidence, or on a score that does not exist yet."""
        yield from super().faults()
        if self.threshold != "learn" and not 0 <= self.threshold <= NEVER:
            yield (
                "threshold",
                f"must be between 0 and 1 (or {NEVER:g} to always abstain), found {self.threshold:g}",
            )
        if self.threshold == "learn" and self.scorer.learns:
            yield (
                "scorer",
                (
                    f"the scorer '{self.scorer.kind}' has to learn first: set a `threshold`, "
                    "or use another scorer"
                ),
            )

    def solve(self, question: Question) -> Plan[Answer]:
        """One request, the scorer's requests, a decision."""
        if isinstance(self.threshold, str):
            raise ValueError("this strategy has not learned its threshold yet")
        found = yield from self.answered(question)
        sure = self.confidence(found)
        withheld = (sure or 0.0) < self.threshold
        trace = {**self.evidence(found), "threshold": self.threshold, "withheld": withheld}
        text, value = (I_DO_NOT_KNOW, ABSTAINED) if withheld else (found.text, found.value)
        return Answer(text, value, sure, withheld, (found,), trace)

    def study(self, question: Question) -> Plan[Any]:
        """The answer's text and confidence; or what the scorer needs, if only the scorer learns."""
        if self.threshold != "learn":
            return (yield from super().study(question))
        found = yield from self.answered(question)
        return found.text, self.confidence(found) or 0.0

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """A copy with the threshold (or the scorer) learned; logs its effect on dev problems."""
        if self.threshold != "learn":
            return super().fitted(studies)
        cases = [case for study in studies if (case := _case(study)) is not None]
        threshold = CHOOSE[self.by](cases, self.risk)
        self._report(cases, threshold)
        return self.model_copy(update={"threshold": threshold})

    def _report(self, cases: Sequence[Case], threshold: float) -> None:
        answered = sum(c.given(threshold) for c in cases)
        if not answered:
            text = "%s: no threshold meets the risk on %d dev problems, so it always abstains"
            log.warning(text, self.label, len(cases))
            return
        if self.by == "kept" and not threshold:
            text = "%s: %d dev problems have too few right answers to learn a threshold, so it always answers"
            log.warning(text, self.label, len(cases))
        wrong = sum(c.loss(threshold) for c in cases)
        text = "%s: answers if the confidence is at least %.4g: %d of %d dev problems, %d of them wrong"
        text += "" if self.by != "selective_risk" else " (measured on dev problems; no guarantee for others)"
        log.info(text, self.label, threshold, answered, len(cases), wrong)


def _case(study: LearningStudy[tuple[str, float]]) -> Case | None:
    """The result of one dev problem; None if the checker cannot judge it.

    An abstention is wrong if there is an answer, but it is not an answer that could be withheld.
    """
    text, sure = study.result
    correct = study.correct(text)
    return None if isnan(correct) else Case(sure, correct < 1, answers=not abstains(text))


LINES = {"selective_risk": "risk", "conformal": "conformal", "kept": "withheld"}
CHOOSE = {"selective_risk": selective_threshold, "conformal": conformal_threshold, "kept": keeping_threshold}
