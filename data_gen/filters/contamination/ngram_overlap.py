"""Measures, and on request removes, the overlap of the corpus with the evaluation tasks (decontamination).

The measure is `data_gen.similarity.overlap`: word n-grams of the test questions and of their gold solutions.
It is computed for every corpus and written to `audit.json`, even if this filter is not listed. Listing it
sets `n`, and `action: drop` removes the examples that overlap. The default only reports, because generated
tasks (one template, other numbers) overlap by construction and dropping would empty the corpus.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen, each
from data_gen.similarity.overlap import OverlapIndex


class NgramOverlap(FilterComponent):
    """Finds examples that share an n-gram with an evaluation task."""

    kind: Literal["ngram_overlap"] = "ngram_overlap"
    n: int = Field(13, ge=1)
    """Words per n-gram; 13 as for GPT-3. A question of 8 to n-1 words (without the instruction) is a single
    n-gram; a shorter one overlaps only with an equal question.
    """
    action: Literal["report", "drop"] = "report"
    """report: keep all examples; the overlap is in audit.json. drop: drop the overlapping ones."""

    @property
    def local(self) -> bool:
        return True

    def open(self, context: Context) -> Screen:
        """A screen over an index of the test questions (its size depends on them, not on the corpus)."""
        if self.action == "report":
            return each(lambda draft: "")
        index = OverlapIndex(context.tests, self.n)

        def judge(draft: Draft) -> str:
            hits = index.hits(draft.question, draft.text)
            return f"shares '{hits[0].gram}' with {hits[0].test.task} {hits[0].test.id}" if hits else ""

        return each(judge)
