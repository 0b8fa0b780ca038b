"""Sample, verify, and sample again until the verifier accepts (rejection sampling at inference time).

The model's own verdict decides when to stop, never the gold: a verifier that accepts wrong answers ends the
search too early (Stroebl et al. 2024). Attempts are samples of the common pool, in order, so easy problems
cost one sample and one verification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from eval.plans.drawing import some_drawn
from eval.scorers import Scorer
from eval.scorers.judges.p_true import PTrue
from eval.strategies.base import Scored, first_alive, rank, scored_candidates
from eval.strategies.revision.rounds import sample
from lab.core.types import Answer, Candidate, Plan, Question
from lab.errors import CompletionError


class SelfVerifyThenRetry(Scored):
    """Samples until the verifier accepts an answer; if it accepts none, the one with the highest score.

    Each attempt is scored alone, when it is drawn; equal texts share a score. An attempt without a parsed
    answer is neither verified nor accepted. Confidence: the answer's weight if that is a probability, else
    None.
    """

    kind: Literal["self_verify_then_retry"] = "self_verify_then_retry"
    n: int = Field(default=4, ge=1)
    """Maximum number of attempts per problem."""
    scorer: Scorer = PTrue()
    """Verifies the attempts."""
    threshold: float = Field(default=0.75, ge=0.0, le=1.0)
    """Minimum `weight` of the score to accept (for p_true and self_verify the score itself). It is above one
    half, so that an unparsed verdict (0.5) is not accepted. Small models say Yes to nearly everything:
    SmolLM2-135M gave P(Yes) 0.59 to 0.82, median 0.75, on 32 training answers, 4 of which were right.
    """

    @property
    def measured_per_size(self) -> bool:
        """Each number of attempts is measured on its own."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """One sample at a time, each followed by its verification."""
        tries: list[Candidate] = []
        accepted, stopped = None, "tries"
        for index in range(self.n):
            found = yield from sample(question, index, self.temperature)
            if found.completion.finish_reason == "budget":
                stopped = "budget"
                break
            if found.value is not None:
                found = yield from self._verified(question, found, tries)
            tries.append(found)
            if found.score is not None and self.scorer.weight(found.score) >= self.threshold:
                accepted, stopped = index, "accepted"
                break
        some_drawn([c.completion for c in tries])
        chosen = max((c for c in tries if c.score is not None), key=rank, default=None)
        chosen = tries[accepted] if accepted is not None else chosen or _readable(tries)
        trace = {"tries": len(tries), "accepted": accepted, "stopped": stopped}
        return Answer(
            chosen.text, chosen.value, self._confidence(chosen), candidates=tuple(tries), trace=trace
        )

    def _verified(self, question: Question, found: Candidate, tries: Sequence[Candidate]) -> Plan[Candidate]:
        """The attempt with its score: that of an equal text if there was one, none if the verifier failed."""
        before = next((c for c in tries if c.completion.drawn and c.text == found.text), None)
        if before is not None:
            return replace(found, score=before.score)
        try:
            (scored,) = yield from scored_candidates(self.scorer, question, [found])
        except CompletionError:
            return replace(found, score=None)
        return scored

    def _confidence(self, chosen: Candidate) -> float | None:
        if chosen.score is None or not self.scorer.probability:
            return None
        return self.scorer.weight(chosen.score)


def _readable(tries: list[Candidate]) -> Candidate:
    return next((c for c in tries if c.value is not None), None) or first_alive(tries)
