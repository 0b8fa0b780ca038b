"""Asks whether further samples support an answer (SelfCheckGPT-Prompt, Manakul et al. 2023).

Samples agree on what a model knows and contradict what it made up. The paper asks about every sentence and
every sample. Answers here are short, so the complete answer is asked about, and the probability of "Yes" is
used instead of the word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.plans.routing import routed
from eval.plans.turns import about, asked, clipped
from eval.scorers.base import ask, yes_or_no, yes_probability
from eval.scorers.sampling import UNKNOWN, SamplingScorer
from lab.core.fields import ModelName
from lab.core.types import Candidate, Plan, Question


class SelfCheck(SamplingScorer):
    """Mean probability, over further samples, that the sample supports the answer; one token per sample."""

    kind: Literal["selfcheck"] = "selfcheck"
    samples: int = Field(default=5, ge=1)
    """Samples generated per question; each is compared once with each candidate."""
    model: ModelName = ""
    """Model that is asked for support: one of the stage's `models`; empty: the answering model."""
    max_shown: int = Field(default=1000, ge=16)
    """Maximum number of characters of an answer or sample; of longer ones, beginning and end are shown."""

    def plan(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """`score`, with only the questions about support sent to `model`."""
        return self.score(question, candidates)

    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """In [0, 1]; a failed request counts 0.5, and so does every candidate if no sample could be
        generated.
        """
        pool = yield from self.fresh_samples(question)
        if not pool:
            return [UNKNOWN] * len(candidates)
        requests = [
            yes_or_no(about(question, self._prompt(question, c, sample)))
            for c in candidates
            for sample in pool
        ]
        said = [yes_probability(c) for c in (yield from routed(ask(requests), self.model))]
        rows = [said[i : i + len(pool)] for i in range(0, len(said), len(pool))]
        return [sum(row) / len(row) for row in rows]

    def weight(self, score: float) -> float:
        """The score itself."""
        return score

    def _prompt(self, question: Question, answer: Candidate, sample: Candidate) -> str:
        shown, context = clipped(answer.text, self.max_shown), clipped(sample.text, self.max_shown)
        return SUPPORTED.format(question=asked(question), context=context, answer=shown)


SUPPORTED = (
    "Question:\n{question}\n\nContext:\n{context}\n\nAnswer:\n{answer}\n\n"
    "Is the answer supported by the context above? Reply with exactly one word, Yes or No."
)
