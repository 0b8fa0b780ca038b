"""The audit: what to know about a corpus before training on it, counted while it is generated.

It reports how many examples each filter dropped and why, how many kept examples are wrong, how hard the
problems were for the generating model, how diverse the kept solutions are, the cost of a kept example, and
the overlap with the evaluation tasks. Everything is a running count or a bounded sample, so memory does not
grow with the number of problems. Unless a limit on the number of different values is reached, nothing depends
on the order of the problems.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from data_gen.audit.accepted import Accepted
from data_gen.audit.contamination import Contamination
from data_gen.audit.cost import cost_of
from data_gen.audit.counts import TaskCounts
from data_gen.audit.diversity import Diversity
from data_gen.audit.lengths import distribution
from data_gen.audit.meaning import Meaning
from data_gen.audit.notes import Notes
from data_gen.audit.paths import Paths
from data_gen.drafts import Draft
from data_gen.pipeline import LONGEST
from data_gen.similarity.embedding import Embed
from data_gen.similarity.nearness import NEAR, Rule
from data_gen.similarity.overlap import TestQuestion
from lab.core.types import Problem

__all__ = ["Audit", "Embed", "cost_of"]

MOST_FAILURES = 20


class Audit:
    """Counts a stage as it runs; `summary` is the content of audit.json besides configuration and yield."""

    def __init__(
        self, labels: Sequence[str], tests: Sequence[TestQuestion], n: int, rule: Rule = NEAR
    ) -> None:
        self._tasks = {label: TaskCounts() for label in labels}
        self._accepted = {label: Accepted() for label in labels}
        self._contamination, self._meaning = Contamination(tests, n), Meaning(tests, rule)
        self._paths, self._diversity, self._notes = Paths(), Diversity(), Notes()
        self._lengths: dict[str, Counter[int]] = defaultdict(Counter)
        self._failures: list[dict[str, str]] = []

    @property
    def kept(self) -> int:
        """Number of examples kept so far."""
        return sum(task.kept for task in self._tasks.values())

    @property
    def failed(self) -> int:
        """Number of problems whose plan raised."""
        return sum(task.failed for task in self._tasks.values())

    def fail(self, task: str, problem: Problem, error: str) -> None:
        """Counts one problem whose plan raised. `error` is its traceback, of which the last line is shown."""
        self._tasks[task].problems += 1
        self._tasks[task].failed += 1
        self._diversity.source(problem)
        if len(self._failures) < MOST_FAILURES:
            last = (error.strip().splitlines() or ["unknown"])[-1]
            self._failures.append({"task": task, "problem": problem.id, "error": last[:LONGEST]})

    def add(self, task: str, problem: Problem, drafts: Sequence[Draft], kept: Sequence[Draft]) -> None:
        """Counts one problem: all examples made from it, and those that the filters kept."""
        self._tasks[task].problems += 1
        self._tasks[task].add(drafts, kept)
        self._accepted[task].add(kept)
        self._paths.add(drafts, kept)
        self._notes.add(kept)
        self._diversity.source(problem)
        self._diversity.add(kept)
        for draft in drafts:
            self._lengths["drawn_completion_tokens"][draft.completion_tokens] += 1
        for draft in kept:
            self._lengths["kept_completion_tokens"][draft.completion_tokens] += 1
            self._lengths["kept_prompt_tokens"][draft.prompt_tokens] += 1
            self._lengths["kept_completion_characters"][len(draft.text)] += 1
            self._contamination.add(draft)
            self._meaning.add(draft)

    def summary(self, embed: Embed | None = None) -> dict[str, Any]:
        """All counts as JSON-able values."""
        counts = list(self._tasks.values())
        drawn, correct = sum(t.drawn for t in counts), sum(t.correct for t in counts)
        return {
            "kept": self.kept,
            "problems": {
                "asked": sum(t.problems for t in counts),
                "failed": self.failed,
                "with_kept": sum(t.with_kept for t in counts),
            },
            "failures": self._failures,
            "tasks": {label: task.summary() for label, task in self._tasks.items()},
            "false_accepts": {
                "all": _together(self._accepted.values()).summary(),
                "tasks": {label: found.summary() for label, found in self._accepted.items()},
            },
            "duplicates": self._paths.duplicates(drawn, correct),
            "paths": self._paths.summary(),
            "diversity": self._diversity.summary(embed),
            "lengths": {name: distribution(counter) for name, counter in sorted(self._lengths.items())},
            "contamination": {
                "n": self._contamination.n,
                "tasks": self._contamination.summary(),
                "meaning": self._meaning.summary(embed),
            },
            "notes": self._notes.summary(),
        }


def _together(tasks: Iterable[Accepted]) -> Accepted:
    total = Accepted()
    for found in tasks:
        for name in Accepted.__slots__:
            setattr(total, name, getattr(total, name) + getattr(found, name))
    return total
