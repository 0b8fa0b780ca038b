"""The audit: what to know about a corpus before training on it, counted while it is generated.

It reports how many examples each filter dropped and why, how many kept examples are wrong, how hard the
problems were for the generating model, how diverse the kept solutions are, the cost of a kept example, and
the overlap with the evaluation tasks. Everything is a running count or a bounded sample, so memory does not
grow with the number of problems. Unless a limit on the number of different values is reached, nothing depends
on the order of the problems.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
from lab.statistics.sums import add_pairs, pairs

__all__ = ["Audit", "Embed", "cost_of"]

MOST_FAILURES = 20


class Audit:
    """Counts a stage as it runs; `summary` is the content of audit.json besides configuration and yield.

    A part of a stage, which has an audit that is not `limited`, counts only its own problems. Its `state` is
    merged into the audit of the stage, part by part in the order of the problems; then it is as if that had
    counted them.
    """

    def __init__(
        self,
        labels: Sequence[str],
        tests: Sequence[TestQuestion],
        n: int,
        rule: Rule = NEAR,
        *,
        limited: bool = True,
    ) -> None:
        self._limited = limited
        self._tasks = {label: TaskCounts() for label in labels}
        self._accepted = {label: Accepted() for label in labels}
        self._contamination = Contamination(tests, n, limited=limited)
        self._meaning, self._diversity = Meaning(tests, rule), Diversity()
        self._paths, self._notes = Paths(), Notes(limited)
        self._lengths: dict[str, Counter[int]] = defaultdict(Counter)
        self._failures: list[dict[str, str]] = []

    @property
    def kept(self) -> int:
        """Number of examples kept so far."""
        return sum(task.kept for task in self._tasks.values())

    @property
    def drawn(self) -> int:
        """Number of examples made so far."""
        return sum(task.drawn for task in self._tasks.values())

    @property
    def failed(self) -> int:
        """Number of problems whose plan raised."""
        return sum(task.failed for task in self._tasks.values())

    def fail(self, task: str, problem: Problem, error: str) -> None:
        """Counts one problem whose plan raised. `error` is its traceback, of which the last line is shown."""
        self._tasks[task].fail()
        self._diversity.source(problem)
        if len(self._failures) < MOST_FAILURES:
            last = (error.strip().splitlines() or ["unknown"])[-1]
            self._failures.append({"task": task, "problem": problem.id, "error": last[:LONGEST]})

    def draw(self, task: str, problem: Problem, drafts: Sequence[Draft]) -> None:
        """Counts all examples made from one problem."""
        self._tasks[task].draw(drafts)
        self._paths.draw(drafts)
        self._diversity.source(problem)
        for draft in drafts:
            self._lengths["drawn_completion_tokens"][draft.completion_tokens] += 1

    def keep(self, task: str, kept: Sequence[Draft]) -> None:
        """Counts those of one problem that the filters kept, also if there are none."""
        self._tasks[task].keep(kept, limited=self._limited)
        self._accepted[task].add(kept)
        self._paths.keep(kept)
        self._notes.add(kept)
        self._diversity.add(kept)
        for draft in kept:
            self._lengths["kept_completion_tokens"][draft.completion_tokens] += 1
            self._lengths["kept_prompt_tokens"][draft.prompt_tokens] += 1
            self._lengths["kept_completion_characters"][len(draft.text)] += 1
            self._contamination.add(draft)
            self._meaning.add(draft)

    def state(self) -> dict[str, Any]:
        """JSON-able values of a part for `merge`."""
        return {
            "tasks": {label: task.state() for label, task in self._tasks.items()},
            "accepted": {label: found.state() for label, found in self._accepted.items()},
            "lengths": {name: pairs(counts) for name, counts in self._lengths.items()},
            "failures": self._failures,
            **{name: counts.state() for name, counts in self._counts().items()},
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds a part that follows. Raises ValueError, TypeError or LookupError if it is damaged."""
        for label in self._tasks:
            self._tasks[label].merge(state["tasks"][label])
            self._accepted[label].merge(state["accepted"][label])
        for name, counts in state["lengths"].items():
            add_pairs(self._lengths[name], counts)
        self._failures += state["failures"][: MOST_FAILURES - len(self._failures)]
        for name, counts in self._counts().items():
            counts.merge(state[name])

    def _counts(self) -> dict[str, Paths | Notes | Diversity | Contamination | Meaning]:
        return {
            "paths": self._paths,
            "notes": self._notes,
            "diversity": self._diversity,
            "contamination": self._contamination,
            "meaning": self._meaning,
        }

    def summary(self, embed: Embed | None = None) -> dict[str, Any]:
        """All counts as JSON-able values."""
        counts = list(self._tasks.values())
        correct = sum(t.correct for t in counts)
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
            "duplicates": self._paths.duplicates(self.drawn, correct),
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
        total.merge(found.state())
    return total
