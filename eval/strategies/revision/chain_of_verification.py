"""Draft, verification questions, an answer to each alone, revision (CoVe, Dhuliawala et al. 2023).

This is the factored variant, their best on short answers: a verification question is answered without the
draft in the prompt, so that the draft's mistake is not repeated. The gold is not used: intrinsic correction.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from eval.plans.turns import about, asked, clipped, instead
from eval.strategies.base import StrategyComponent
from eval.strategies.revision.rounds import Thread
from lab.core.types import Answer, Plan, Question


class ChainOfVerification(StrategyComponent):
    """Draft, questions that check it, their answers, revision. Costs 3 completions and one per question.

    Without a parsed question, or without an answer to any question, the draft is kept; it is also kept if the
    revision has no parsed answer. No confidence.
    """

    kind: Literal["chain_of_verification"] = "chain_of_verification"
    questions: int = Field(default=3, ge=1, le=64)
    """Maximum number of verification questions."""
    plan_tokens: int = Field(default=96, ge=1)
    """Maximum number of tokens of the list of questions."""
    answer_tokens: int = Field(default=48, ge=1)
    """Maximum number of tokens of the answer to each question."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature for all completions."""
    max_shown: int = Field(default=4000, ge=16)
    """Maximum number of characters of the draft in a prompt; of a longer one, beginning and end are shown."""

    @property
    def size(self) -> int:
        """Complete answers: the draft and the revision."""
        return 2

    def solve(self, question: Question) -> Plan[Answer]:
        """Draft, questions, their answers in one batch, revision."""
        thread = Thread(question, self.temperature)
        yield from thread.draft(self.size)
        if not thread.stopped and len(thread.candidates) == 1:
            yield from self._checked(thread)
        return thread.answer()

    def _checked(self, thread: Thread) -> Plan[None]:
        """From the draft to its revision, as far as possible."""
        question, draft = thread.question, clipped(thread.current.text, self.max_shown)
        prompt = PLAN.format(question=asked(question), answer=draft, count=self.questions)
        (plan,) = yield from thread.remarks(
            [about(question, prompt)], 1, self.plan_tokens, role="questions", tag="plan"
        )
        checks = questions_in(plan or "", self.questions)
        said: list[str | None] = []
        if checks and not thread.stopped:
            alone = [about(question, ALONE.format(question=check)) for check in checks]
            said = yield from thread.remarks(alone, 1, self.answer_tokens, role="check", tag="verify")
        facts = "\n".join(f"{q} {a}" for q, a in zip(checks, said, strict=False) if a)
        if facts and not thread.stopped:
            shown = {"question": asked(question), "answer": draft, "facts": facts}
            yield from thread.write(instead(question, REVISE.format(**shown)), 1)
        thread.stopped = thread.stopped or ("verified" if facts else "nothing to check")


def questions_in(text: str, most: int) -> list[str]:
    """The first distinct questions of a text, one per line, without bullets and numbers."""
    lines = (_BULLET.sub("", line.strip()).strip() for line in text.splitlines())
    return list(dict.fromkeys(line[:LONGEST] for line in lines if "?" in line))[:most]


LONGEST = 300
"""Maximum number of characters of a verification question."""
_BULLET = re.compile(r"^(?:[-*•]|\(?\d{1,3}[.):]|q(?:uestion)? ?\d{0,3}[.):])\s*", re.IGNORECASE)

PLAN = (
    "Problem:\n{question}\n\nAnswer:\n{answer}\n\n"
    "Write {count} short questions that check whether this answer is right, one per line. "
    "Each must make sense to somebody who sees neither the problem nor the answer."
)

ALONE = "Answer in one short sentence.\n\n{question}"

REVISE = (
    "A draft answer to the problem below was:\n{answer}\n\nIts facts were checked:\n{facts}\n\n"
    "Answer the problem again, in agreement with what was checked.\n\n{question}"
)
