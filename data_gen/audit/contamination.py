"""Which test questions share words with a kept example or may be its twins; per test task, with examples.

The measures are `data_gen.similarity.overlap` and `lab.language.twins` (the same numbers in another order).
Memory depends on the test sets, not on the corpus.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from data_gen.drafts import Draft
from data_gen.pipeline import LONGEST
from data_gen.similarity.overlap import Hit, OverlapIndex, TestQuestion
from data_gen.similarity.words import words
from lab.language import twins as likely_twins

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
        self._by_key: dict[str, list[TestQuestion]] = defaultdict(list)
        for test in tests:
            self._by_key[likely_twins.key(test.question)].append(test)
        self._twins: dict[str, set[str]] = defaultdict(set)
        self._twins_shown: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, draft: Draft) -> None:
        """Counts one kept example."""
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
        self._add_twins(draft)

    def _add_twins(self, draft: Draft) -> None:
        for test in self._by_key.get(likely_twins.key(draft.question), ()):
            found = self._twins[test.task]
            if test.id in found or words(test.question) == words(draft.question):
                continue
            found.add(test.id)
            if len(self._twins_shown[test.task]) < MOST_HITS:
                self._twins_shown[test.task].append(_twin_shown(draft, test))

    def summary(self) -> dict[str, Any]:
        """Per test task: the number of questions, how many overlap, are equal or have a possible twin, and
        the kept examples that overlap.
        """
        return {
            task: {
                "questions": questions,
                "overlapping_questions": len(self._touched[task]),
                "equal_questions": len(self._equal[task]),
                "overlapping_examples": self._examples[task],
                "twin_questions": len(self._twins[task]),
                "twins": self._twins_shown[task],
                "shown": self._shown[task],
            }
            for task, questions in self._questions.items()
        }


def _twin_shown(draft: Draft, test: TestQuestion) -> dict[str, Any]:
    return {
        "test": test.id,
        "problem": draft.problem.id,
        "question": draft.question[:LONGEST],
        "test_question": test.question[:LONGEST],
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
