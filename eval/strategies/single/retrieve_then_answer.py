"""Retrieval, then an answer: a reference for methods without retrieval.

Plain retrieval-augmented generation (Lewis et al. 2020) with BM25: the best passages come before the
question, and their tokens are charged like those of any prompt. The passages may contain the gold answer;
keep this in mind when comparing with methods without retrieval.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pydantic import Field

from eval.plans.drawing import candidate, draw, sample_requests
from eval.plans.retrieval import Passage, index_of, query
from eval.plans.turns import asked, instead
from eval.scorers.likelihood.mean_logprob import sequence_probability
from eval.strategies.base import StrategyComponent
from lab.core.types import Answer, Candidate, Plan, Question, Request
from lab.tasks.documents.source import Documents


class RetrieveThenAnswer(StrategyComponent):
    """Greedy answer to the question after retrieved passages.

    If no passage is found, or that answer is lost, the answer without passages is given. Confidence: exp(mean
    token log-probability), as in `greedy`.
    """

    kind: Literal["retrieve_then_answer"] = "retrieve_then_answer"
    documents: str = ""
    """A file, folder or pattern of your own documents; empty: the World Factbook, which comes with the lab.
    """
    passages: int = Field(default=3, ge=1)
    """Maximum number of passages, the best first."""
    max_words: int = Field(default=60, ge=20)
    """Maximum length of a passage in words."""
    temperature: float | None = Field(default=0.0, ge=0.0)
    """Temperature of the answer; 0 is greedy, empty uses the stage's."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for a path without documents."""
        if self.documents:
            yield from (("documents", message) for _, message in Documents(path=self.documents).faults())

    def digest_inputs(self) -> dict[str, str]:
        """The files that it reads."""
        return Documents(path=self.documents).digest_inputs() if self.documents else {}

    def solve(self, question: Question) -> Plan[Answer]:
        """One request."""
        found = index_of(self.documents, self.max_words).best(query(asked(question)), self.passages)
        pool: tuple[Candidate, ...] = ()
        if found:
            (completion,) = yield [self._request(question, found)]
            pool = (candidate(question, completion),) if completion.finish_reason != "budget" else ()
        behind = any(c.completion.drawn for c in pool)
        if not behind:
            pool += yield from draw(question, 1, self.temperature)
        last = pool[-1]
        sure = sequence_probability(last)
        trace = {"passages": [p.key for p in found], "stopped": "retrieved" if behind else "alone"}
        return Answer(last.text, last.value, sure, candidates=pool, trace=trace)

    def _request(self, question: Question, found: list[Passage]) -> Request:
        """The sample's request, with the passages before the question."""
        (plain,) = sample_requests(question, 1, self.temperature)
        shown = "\n\n".join(f"{p.title}\n{p.text}" for p in found)
        prompt = BEHIND.format(passages=shown, question=asked(question))
        return replace(plain, messages=instead(question, prompt), tag="retrieved")


BEHIND = "{passages}\n\nUse the passages above where they help.\n\n{question}"
