"""A plan, then a solution that follows it (Plan-and-Solve, Wang et al. 2023, as two completions).

The plan is requested without the answer's format instruction, and is then inserted into the question's turn.
If the plan cannot be generated, the question is answered without one.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from eval.plans.drawing import candidate
from eval.plans.turns import about, asked, clipped, instead
from eval.strategies.base import StrategyComponent
from eval.strategies.revision.rounds import Thread
from lab.core.types import Answer, Completion, Messages, Plan, Question, Request, Sampling


class PlanThenSolve(StrategyComponent):
    """One plan, one solution. No confidence."""

    kind: Literal["plan_then_solve"] = "plan_then_solve"
    plan_tokens: int = Field(default=128, ge=1)
    """Maximum number of tokens of the plan."""
    max_shown: int = Field(default=4000, ge=16)
    """Maximum number of characters of the plan in a prompt; of a longer one, beginning and end are shown."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature for plan and solution."""

    def solve(self, question: Question) -> Plan[Answer]:
        """The plan, then the solution. If either fails, the plain sample is used; if the budget ends after
        the plan, the plan is the answer.
        """
        thread = Thread(question, self.temperature)  # index 1 below: equal indexes give equal seeds
        plan = yield from self._plan(question, thread.sampling)
        if plan.drawn:
            thread.rounds.append({"role": "plan", "text": plan.text})
            yield from thread.write(self._with(question, plan.text), 1, role="draft", tag="solve")
        if thread.stopped:
            thread.candidates.append(candidate(question, plan))
        elif not any(c.completion.drawn for c in thread.candidates):
            yield from thread.draft(1)
        thread.stopped = thread.stopped or "solved"
        return thread.answer()

    def _plan(self, question: Question, sampling: Sampling) -> Plan[Completion]:
        messages = about(question, PLAN.format(question=asked(question)))
        plain = sampling.but(max_tokens=self.plan_tokens, logprobs=False, certainty=False, stop=())
        (plan,) = yield [Request(messages, plain, tag="plan", required=False)]
        return plan

    def _with(self, question: Question, plan: str) -> Messages:
        """The question with its plan."""
        text = clipped(plan, self.max_shown)
        return instead(question, SOLVE.format(question=asked(question), plan=text))


PLAN = (
    "{question}\n\n"
    "Do not solve it yet. First make a plan: what is asked, what is given, which steps lead to the answer."
)

SOLVE = "{question}\n\nPlan:\n{plan}\n\nNow carry out the plan step by step and give the answer."
