"""Which test questions are similar in meaning to kept examples: contamination that n-grams cannot find.

The measure is `data_gen.similarity.nearness`. Embedding a text takes time, so a bounded random sample of the
kept examples is embedded (all of them in a small corpus), and at most 5,000 questions per test task; the
report states how many were compared. Memory does not grow with the corpus. If the filter `embedding_overlap`
is listed, its settings are used, and it measures every example itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft
from data_gen.pipeline import LONGEST
from data_gen.similarity.embedding import Embed
from data_gen.similarity.nearness import Near, NearTests, Rule
from data_gen.similarity.overlap import TestQuestion
from lab.statistics.bottom_k import BottomK, keyed, salted

COMPARED = 1_000
MOST_TESTS = 5_000
MOST_SHOWN = 10


class Meaning:
    """Keeps the sample; `summary` measures it. Memory: the sample and a vector per test question."""

    def __init__(self, tests: Sequence[TestQuestion], rule: Rule) -> None:
        self._tests, self._rule = tests, rule
        self._sample = BottomK[dict[str, Any]](COMPARED, salted("meaning"))

    def add(self, draft: Draft) -> None:
        """Adds one kept example."""
        if self._tests:
            item = {"problem": draft.problem.id, "index": draft.index, "question": draft.question[:LONGEST]}
            self._sample.add(f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index:06d}", item)

    def state(self) -> dict[str, Any]:
        """JSON-able values for `merge`."""
        return self._sample.state()

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the examples of what follows."""
        self._sample.merge(state)

    def summary(self, embed: Embed | None) -> dict[str, Any]:
        """The settings, the number of examples `compared`, and per test task the similar ones; {} without
        `embed`.
        """
        items = self._sample.ordered()
        if embed is None or not items:
            return {}
        tasks = {test.task: _Found() for test in self._tests}
        chosen = list(_bounded(self._tests))
        for test in chosen:
            tasks[test.task].compared += 1
        for test in self._tests:
            tasks[test.task].questions += 1
        index = NearTests(chosen, embed)
        for item, nears in zip(items, index.nearest([item["question"] for item in items]), strict=True):
            for task, found in tasks.items():
                found.add(item, [near for near in nears if near.test.task == task], self._rule)
        alike = index.alike(self._rule)
        return {
            "model": self._rule.model,
            "threshold": self._rule.threshold,
            "same_numbers": self._rule.same_numbers,
            "compared": len(items),
            "tasks": {task: found.summary(alike[task]) for task, found in tasks.items()},
        }


@dataclass(slots=True)
class _Found:
    """The results for one test task."""

    questions: int = 0
    compared: int = 0
    examples: int = 0
    touched: set[str] = field(default_factory=set)
    pairs: dict[str, tuple[tuple[bool, float], dict[str, Any]]] = field(default_factory=dict)

    def add(self, item: Mapping[str, Any], nears: Sequence[Near], rule: Rule) -> None:
        """Adds one example and its nearest questions of this task."""
        held = [near for near in nears if rule.holds(near)]
        self.examples += bool(held)
        self.touched |= {near.test.id for near in held}
        for near in nears:
            rank = (rule.holds(near), near.cosine)
            if near.test.id not in self.pairs or rank > self.pairs[near.test.id][0]:
                self.pairs[near.test.id] = (rank, _pair(item, near))

    def summary(self, alike: float) -> dict[str, Any]:
        """Counts, and the nearest pairs, one per test question; similar ones first."""
        ranked = sorted(self.pairs.items(), key=lambda pair: (-pair[1][0][0], -pair[1][0][1], pair[0]))
        return {
            "questions": self.questions,
            "questions_compared": self.compared,
            "near_questions": len(self.touched),
            "near_examples": self.examples,
            "questions_alike": round(alike, 4),
            "nearest": [pair for _, (_, pair) in ranked[:MOST_SHOWN]],
        }


def _pair(item: Mapping[str, Any], near: Near) -> dict[str, Any]:
    return {
        "test": near.test.id,
        **item,
        "cosine": round(near.cosine, 3),
        "same_numbers": near.same_numbers,
        "test_question": near.test.question[:LONGEST],
    }


def _bounded(tests: Sequence[TestQuestion]) -> Iterator[TestQuestion]:
    """At most MOST_TESTS questions of each task, chosen by their ids' hashes, in their order."""
    chosen = {task: BottomK[str](MOST_TESTS, keyed("tests")) for task in {test.task for test in tests}}
    for test in tests:
        chosen[test.task].add(test.id, test.id)
    ids = {task: set(found.shuffled()) for task, found in chosen.items()}
    yield from (test for test in tests if test.id in ids[test.task])
