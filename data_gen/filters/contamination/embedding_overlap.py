"""Measures, and on request removes, examples whose question is a rephrased test question (decontamination).

The measure is `data_gen.similarity.nearness`: similar in meaning *and* the same numbers. It finds a test
question in other words. It does not find a question with its numbers spelled out or its story changed, a
short template in quite different words, or a test question inside a completion (`ngram_overlap` checks that).
In tasks whose questions differ only by a name it cannot distinguish a test question from its neighbours.

Measured with all-MiniLM-L6-v2 at the default 0.85: of hand-written rephrasings with the task's instruction
after them it found 9 of 10 of GSM8K, 8 of 8 of recipes/data/shopping.jsonl and 7 of 32 of gcd ("What is the
largest whole number that divides both ...?"); without the instruction 8 and 5 of the first two. Training
questions called similar: shopping 0 of 32, chain_sum 0 of 60, capitals 0 of 60, currencies 2 of 60, and of
gcd the 4 of 60 that have the same numbers as a test question; by the cosine alone 8, 55, 0, 2 and 60.

Every corpus made with a real model is measured this way in `audit.json` (a random sample of it). Listing this
filter measures every example and sets threshold and model; `action: drop` removes similar examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each
from data_gen.similarity.embedding import BUILTIN, embedder, model_fault
from data_gen.similarity.nearness import NEAR, Near, NearTests, Rule
from lab.statistics.sums import count_of

CUT = 300
"""Characters of a question in a reason."""


class EmbeddingOverlap(FilterComponent):
    """Finds examples whose question is similar in meaning to one of an evaluation task."""

    compares_meanings: ClassVar[bool] = True

    kind: Literal["embedding_overlap"] = "embedding_overlap"
    threshold: float = Field(NEAR.threshold, gt=0, le=1)
    """Minimum cosine similarity at which two questions are similar."""
    same_numbers: bool = NEAR.same_numbers
    """Only questions with the same numbers count as similar. false: only the cosine decides, which finds
    every question similar in tasks made from a template.
    """
    action: Literal["report", "drop"] = "report"
    """report: keep all examples and count the similar ones. drop: drop the similar ones."""
    embedding_model: str = BUILTIN
    """Embedding model that compares the texts: the built-in all-minilm-l6-v2 (English), a folder, or a Hub id
    of a sentence-transformers model. The audit's measures of meaning use it, too.
    """

    def faults(self) -> Sequence[tuple[str, str]]:
        """Yields an error for an embedding model that cannot be found."""
        fault = model_fault(self.embedding_model)
        return [("embedding_model", fault)] if fault else []

    @property
    def local(self) -> bool:
        return True

    @property
    def rule(self) -> Rule:
        """When a question counts as similar."""
        return Rule(self.threshold, self.same_numbers, self.embedding_model)

    def open(self, context: Context) -> Screen:
        """A screen over a vector per test question; loads the embedding model if there are test questions."""
        if not context.tests:
            return each(lambda draft: "")
        return _Overlap(self, NearTests(context.tests, embedder(self.embedding_model)))


class _Overlap:
    """The screen: embeds the questions of one problem's drafts together, each different one once."""

    def __init__(self, filter: EmbeddingOverlap, tests: NearTests) -> None:
        self._filter, self._tests = filter, tests
        self._examples = 0
        self._near = 0
        self._touched: set[tuple[str, str]] = set()

    def __call__(self, drafts: Sequence[Draft]) -> list[str]:
        questions = list(dict.fromkeys(draft.question for draft in drafts))
        found = dict(zip(questions, map(self._nearest, self._tests.nearest(questions)), strict=True))
        return [self._judge(draft.question, found[draft.question]) for draft in drafts]

    def _nearest(self, nears: Sequence[Near]) -> Near | None:
        held = [near for near in nears if self._filter.rule.holds(near)]
        return max(held, key=lambda near: near.cosine, default=None)

    def _judge(self, question: str, near: Near | None) -> str:
        self._examples += 1
        if near is None:
            return ""
        self._near += 1
        self._touched.add((near.test.task, near.test.id))
        if self._filter.action == "report":
            return ""
        pair = f"'{question[:CUT]}' is near '{near.test.question[:CUT]}'"
        return f"similarity {near.cosine:.2f} to {near.test.task} {near.test.id}: {pair}"

    def found(self) -> Mapping[str, Any]:
        """The number of examples `compared` and `near`, and how many test questions are nearest to an
        example.
        """
        return {"compared": self._examples, "near": self._near, "near_test_questions": len(self._touched)}

    def state(self) -> Any:
        """The counts, and the test questions (task, id)."""
        return self._examples, self._near, sorted(self._touched)

    def merge(self, state: Any) -> None:
        """Adds those of a part."""
        examples, near, touched = state
        self._examples += count_of(examples)
        self._near += count_of(near)
        self._touched |= {(task, test) for task, test in touched}
