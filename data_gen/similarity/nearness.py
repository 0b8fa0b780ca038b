"""Which test question is most similar in meaning to a question.

Word n-grams miss a test question that was rephrased. Embeddings find it [Yang et al. 2023, arXiv:2311.04850],
but they also find questions of the same template similar, because numbers hardly change a vector. Two
questions therefore count as similar only if their cosine similarity is at least a threshold *and* they have
the same numbers (in digits, each counted once, without those of the instruction that all test questions
share). For tasks without numbers ("What is the capital of ...?") only the cosine decides: `alike` reports how
often the test questions themselves are similar to each other by the same rule; if that is common, similarity
means little.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data_gen.similarity.embedding import BUILTIN, Embed
from data_gen.similarity.overlap import Frame, TestQuestion
from data_gen.similarity.words import words

AT_ONCE = 64
"""Questions compared at a time: memory is this number times the number of test questions."""
MOST_ALIKE = 2_000
"""Test questions of a task that are compared with all others of it."""
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """When two texts are similar: a cosine of at least `threshold`, and the same numbers if required."""

    threshold: float
    same_numbers: bool
    model: str

    def holds(self, near: Near) -> bool:
        """Whether a pair counts as similar."""
        return near.cosine >= self.threshold and (near.same_numbers or not self.same_numbers)


NEAR = Rule(threshold=0.85, same_numbers=True, model=BUILTIN)
"""The default; `filters/contamination/embedding_overlap.py` explains how it was chosen."""


@dataclass(frozen=True, slots=True)
class Near:
    """A test question, its cosine similarity to a question, and whether both have the same numbers."""

    test: TestQuestion
    cosine: float
    same_numbers: bool


def numbers(text: str) -> frozenset[str]:
    """The distinct numbers in digits; "1,000.00", "1000" and "01000" are the same."""
    return frozenset(_plain(found) for found in _NUMBER.findall(text))


def _plain(number: str) -> str:
    number = number.replace(",", "")
    number = number.rstrip("0").rstrip(".") if "." in number else number
    number = number.lstrip("0")
    return f"0{number}" if number[:1] in ("", ".") else number


class NearTests:
    """An exact search over the test questions; memory is a vector for each of them."""

    def __init__(self, tests: Sequence[TestQuestion], embed: Embed) -> None:
        self._embed = embed
        by_task: dict[str, list[TestQuestion]] = defaultdict(list)
        for test in tests:
            by_task[test.task].append(test)
        self._tasks = {task: _Task(found, embed) for task, found in by_task.items()}

    def nearest(self, questions: Sequence[str]) -> Iterator[list[Near]]:
        """For each question and test task the nearest test question, and the nearest with the same numbers if
        that is another one.
        """
        for start in range(0, len(questions), AT_ONCE):
            chunk = questions[start : start + AT_ONCE]
            asked = [words(question) for question in chunk]
            vectors = self._embed(chunk)
            found = [task.nearest(asked, vectors) for task in self._tasks.values()]
            yield from ([near for by_task in found for near in by_task[i]] for i in range(len(chunk)))

    def alike(self, rule: Rule) -> dict[str, float]:
        """Per task the share of its questions (the first 2,000) that are similar to another one of the
        task.
        """
        return {name: task.alike(rule) for name, task in self._tasks.items()}


class _Task:
    """The questions of one test task."""

    def __init__(self, tests: Sequence[TestQuestion], embed: Embed) -> None:
        self._tests = tests
        asked = [words(test.question) for test in tests]
        self._frame = Frame.around(asked)
        self._with: dict[frozenset[str], list[int]] = defaultdict(list)
        for number, question in enumerate(asked):
            self._with[self._numbers(question)].append(number)
        self._vectors = embed([test.question for test in tests])

    def _numbers(self, asked: Sequence[str]) -> frozenset[str]:
        return numbers(" ".join(self._frame.core(asked)))

    def nearest(self, asked: Sequence[Sequence[str]], vectors: Any) -> list[list[Near]]:
        """For each question the nearest test question, and the nearest of those with the same numbers."""
        found = []
        for question, cosines in zip(asked, vectors @ self._vectors.T, strict=True):
            same = self._with.get(self._numbers(question), [])
            best = {int(cosines.argmax()): False}
            if same:
                best[max(same, key=lambda i: cosines[i])] = True
            best = {i: i in same for i in best}
            found.append(
                [Near(self._tests[i], round(float(cosines[i]), 4), is_same) for i, is_same in best.items()]
            )
        return found

    def alike(self, rule: Rule) -> float:
        """The share of the test questions (of the first MOST_ALIKE) that the rule calls similar to another
        one.
        """
        import numpy as np

        compared, count = min(len(self._tests), MOST_ALIKE), 0
        groups = self._with.values() if rule.same_numbers else [list(range(len(self._tests)))]
        for group in groups:
            vectors = self._vectors[group]
            for position, number in enumerate(group):
                if number < compared and len(group) > 1:
                    cosines = np.delete(vectors @ vectors[position], position)
                    count += bool(cosines.max() >= rule.threshold)
        return count / compared
