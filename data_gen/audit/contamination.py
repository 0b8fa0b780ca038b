"""Which test questions share words with a kept example or may be its twins; per test task, with examples.

The measures are `data_gen.similarity.overlap` and `lab.language.twins` (the same numbers in another order).
Memory depends on the test sets, not on the corpus. The first MOST_HITS questions of a task are shown; a part
keeps what to show of all, because which are the first depends on the parts before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft
from data_gen.pipeline import LONGEST
from data_gen.similarity.overlap import Hit, OverlapIndex, TestQuestion
from data_gen.similarity.words import words
from lab.language import twins as likely_twins
from lab.statistics.sums import count_of

MOST_HITS = 10


@dataclass(slots=True)
class Overlap:
    """What is found about a test task: ids of its questions -> how to show them, in the order of finding."""

    shown: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    twins: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    equal: dict[str, None] = field(default_factory=dict)
    examples: int = 0

    def summary(self, questions: int) -> dict[str, Any]:
        """As in audit.json."""
        return {
            "questions": questions,
            "overlapping_questions": len(self.shown),
            "equal_questions": len(self.equal),
            "overlapping_examples": self.examples,
            "twin_questions": len(self.twins),
            "twins": [item for item in self.twins.values() if item],
            "shown": [item for item in self.shown.values() if item],
        }


class Contamination:
    """Counts overlaps with the test questions as examples are kept; `limited`: not those of a part."""

    def __init__(self, tests: Sequence[TestQuestion], n: int, *, limited: bool = True) -> None:
        self.n, self._most = n, MOST_HITS if limited else len(tests)
        self._index = OverlapIndex(tests, n) if tests else None
        self._questions = Counter(test.task for test in tests)
        self._tasks = {task: Overlap() for task in self._questions}
        self._by_key: dict[str, list[TestQuestion]] = defaultdict(list)
        for test in tests:
            self._by_key[likely_twins.key(test.question)].append(test)

    def add(self, draft: Draft) -> None:
        """Counts one kept example."""
        if self._index is None:
            return
        hits = self._index.hits(draft.question, draft.text)
        for hit in hits:
            found = self._tasks[hit.test.task]
            if hit.test.id not in found.shown:
                self._show(found.shown, hit.test.id, _hit_shown(draft, hit))
            if hit.exact:
                found.equal[hit.test.id] = None
        for task in {hit.test.task for hit in hits}:
            self._tasks[task].examples += 1
        self._add_twins(draft)

    def _add_twins(self, draft: Draft) -> None:
        for test in self._by_key.get(likely_twins.key(draft.question), ()):
            found = self._tasks[test.task].twins
            if test.id not in found and words(test.question) != words(draft.question):
                self._show(found, test.id, _twin_shown(draft, test))

    def _show(self, found: dict[str, dict[str, Any] | None], test: str, item: dict[str, Any]) -> None:
        """Adds a question that was not found before, with its item as far as there is room."""
        found[test] = item if len(found) < self._most else None

    def state(self) -> dict[str, Any]:
        """JSON-able values of a part for `merge`."""
        return {
            task: [list(o.shown.items()), list(o.twins.items()), list(o.equal), o.examples]
            for task, o in self._tasks.items()
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds what a part that follows has found."""
        for task, found in self._tasks.items():
            shown, twins, equal, examples = state[task]
            for mine, items in ((found.shown, shown), (found.twins, twins)):
                for test, item in items:
                    if test not in mine:
                        self._show(mine, test, item)
            found.equal |= dict.fromkeys(equal)
            found.examples += count_of(examples)

    def summary(self) -> dict[str, Any]:
        """Per test task: the number of questions, how many overlap, are equal or have a possible twin, and
        the kept examples that overlap.
        """
        return {task: found.summary(self._questions[task]) for task, found in self._tasks.items()}


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
