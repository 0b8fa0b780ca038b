"""A chain of attempts, each with the earlier ones in its prompt (Snell et al. 2024; Qu et al. 2024).

There is no critique: the model is only asked to try again. The answer is a majority vote over the complete
chain, because a right attempt is often revised into a wrong one (Snell et al. observed this for 38 % of
them); "last" is the plain chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from eval.learning.study import LearningStudy
from eval.plans.routing import routed
from eval.plans.turns import asked, clipped, instead
from eval.plans.voting import Ballot, vote
from eval.scorers import Scorer
from eval.scorers.likelihood.mean_logprob import MeanLogprob
from eval.strategies.base import StrategyComponent, rank, scored_candidates
from eval.strategies.revision.rounds import Thread
from lab.core.fields import only_with
from lab.core.types import Answer, Candidate, Messages, Plan, Question
from lab.language.wording import retry


class SequentialRevision(StrategyComponent):
    """A chain of 1 + `rounds` attempts; the prompt of each has the newest `shown` attempts before it.

    Confidence: with "vote" the winner's share of all attempts, with "best" the scorer's weight if that is a
    probability, with "last" none.
    """

    kind: Literal["sequential_revision"] = "sequential_revision"
    rounds: int = Field(default=3, ge=0)
    """Number of attempts after the first."""
    select: Literal["vote", "last", "best"] = "vote"
    """Which attempt is the answer: the most frequent value (ties go to the one reached last), the newest
    parsed one, or the one with the highest score.
    """
    scorer: Annotated[Scorer, only_with("select", "best")] = MeanLogprob()
    """Scores the attempts if `select` is best."""
    shown: int = Field(default=4, ge=1)
    """Maximum number of earlier attempts in the prompt (4 in Snell et al.)."""
    max_shown: int = Field(default=2000, ge=16)
    """Maximum number of characters of an attempt in a prompt; of longer ones, beginning and end are shown."""
    temperature: float | None = Field(default=None, ge=0.0)
    """Overrides the stage's sampling temperature."""

    @property
    def curve(self) -> str:
        """The kind, and how it selects if not by vote."""
        how = {"vote": "", "last": "[last]", "best": f"[{self.scorer.label}]"}[self.select]
        return self.name or self.kind + how

    @property
    def measured_per_size(self) -> bool:
        """Each length of the chain is measured on its own."""
        return True

    @property
    def size(self) -> int:
        """Number of attempts."""
        return self.rounds + 1

    @property
    def scorer_kind(self) -> str:
        """The scorer's label, if it is used."""
        return self.scorer.label if self.select == "best" else ""

    def solve(self, question: Question) -> Plan[Answer]:
        """One request at a time, then the scorer's requests if it is used."""
        thread = yield from self._chain(question)
        if self.select == "last":
            return thread.answer()
        if self.select == "vote":
            newest_first = thread.candidates[::-1]
            ballot = vote([c.value for c in newest_first], [1.0] * len(newest_first))
            return thread.answer(_chosen(ballot, newest_first), ballot.weight / len(newest_first))
        thread.candidates = list((yield from scored_candidates(self.scorer, question, thread.candidates)))
        best = max((c for c in thread.candidates if c.score is not None), key=rank)
        confidence = self.scorer.weight(rank(best)) if self.scorer.probability else None
        return thread.answer(best, confidence)

    def study(self, question: Question) -> Plan[Any]:
        """The chain, and what the scorer needs to know about its attempts."""
        thread = yield from self._chain(question)
        alive = [c for c in thread.candidates if c.completion.drawn]
        return (yield from routed(self.scorer.study(question, alive), self.scorer.model))

    def fitted(self, studies: Sequence[LearningStudy[Any]]) -> Self:
        """The same chain with a scorer that has learned."""
        return self.model_copy(update={"scorer": self.scorer.fitted(studies)})

    def _chain(self, question: Question) -> Plan[Thread]:
        thread = Thread(question, self.temperature)
        yield from thread.draft(self.rounds + 1)
        for number in range(len(thread.candidates), self.rounds + 1):
            if thread.stopped:
                break
            yield from thread.write(self._again(question, thread.candidates), number)
        return thread

    def _again(self, question: Question, attempts: Sequence[Candidate]) -> Messages:
        """The newest attempts, then the problem again."""
        seen = [c for c in attempts if c.completion.drawn][-self.shown :]
        texts = [clipped(c.text, self.max_shown) for c in seen]
        return instead(question, retry(asked(question), texts))


def _chosen(ballot: Ballot, newest_first: Sequence[Candidate]) -> Candidate | None:
    return None if ballot.winner is None else newest_first[ballot.winner]
