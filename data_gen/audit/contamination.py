"""Which test questions share an n-gram with a kept example; per test task, with where to look.

The measure is `data_gen.overlap`. Memory belongs to the test sets, not to the corpus.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from data_gen.drafts import Draft
from data_gen.overlap import Hit, OverlapIndex, TestQuestion
from data_gen.pipeline import LONGEST

MOST_HITS = 10


class Contamination:
    """Counts overlaps with the test questions as examples are kept."""

    def __init__(self, tests: Sequence[TestQuestion], n: int) -> None:
        self.n = n
        self._index = OverlapIndex(tests, n) if tests else None
        self._questions = Counter(test.task for test in tests)
        self._touched: dict[str, set[str]] = defaultdict(set)
        self._equal: dict[str, set[str]] = defaultdict(set)
        self._examples: Counter[str] = Counter()
        self._shown: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, draft: Draft) -> None:
        """One kept example."""
        if self._index is None:
            return
        hits = self._index.hits(draft.question, draft.text)
        for hit in hits:
            task = hit.test.task
            if hit.test.id not in self._touched[task] and len(self._shown[task]) < MOST_HITS:
                self._shown[task].append(_hit_shown(draft, hit))
            self._touched[task].add(hit.test.id)
            if hit.exact:
                self._equal[task].add(hit.test.id)
        self._examples.update({hit.test.task for hit in hits})

    def summary(self) -> dict[str, Any]:
        """Per test task: questions, how many overlap and how many are equal, kept examples that overlap."""
        return {
            task: {
                "questions": questions,
                "overlapping_questions": len(self._touched[task]),
                "equal_questions": len(self._equal[task]),
                "overlapping_examples": self._examples[task],
                "shown": self._shown[task],
            }
            for task, questions in self._questions.items()
        }


def _hit_shown(draft: Draft, hit: Hit) -> dict[str, Any]:
    return {
        "test": hit.test.id,
        "problem": draft.problem.id,
        "index": draft.index,
        "shared": hit.gram[:LONGEST],
        "equal": hit.exact,
        "test_question": hit.test.question[:LONGEST],
    }
