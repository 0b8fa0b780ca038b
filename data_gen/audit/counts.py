"""Counts of one training task: how hard its problems were, what was kept of them, and their answers.

All are running counts. Only the set of answer values could grow; it is limited to MOST_ANSWERS, except in a
part, because which values are counted apart depends on the parts before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft, samples_of
from lab.statistics.sums import Sums, count_of

MOST_ANSWERS = 100_000
COMMONEST = 20


def rated(task: Mapping[str, Any]) -> bool:
    """Whether a task's pass rates show how often the model was right, given its summary. They do not if
    replies can only be found unusable, never right, as for documents.
    """
    return task["pass_rate"]["mean"] is not None and (task["correct"] > 0 or not task["unscored"])


@dataclass(slots=True)
class TaskCounts(Sums):
    """Counts of one training task.

    Pass rates are over the generated examples of a problem that have a verdict, without those generated with
    a hint.
    """

    problems: int = 0
    failed: int = 0
    with_kept: int = 0
    drawn: int = 0
    correct: int = 0
    unscored: int = 0
    kept: int = 0
    pass_rates: Counter[tuple[int, int]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    other_answers: int = 0

    def draw(self, drafts: Sequence[Draft]) -> None:
        """Counts what was made from one problem that did not fail."""
        unhinted = [d.verdict.correct for d in samples_of(drafts) if d.verdict.correct is not None]
        self.problems += 1
        self.drawn += len(drafts)
        self.correct += sum(d.verdict.correct is True for d in drafts)
        self.unscored += sum(d.verdict.correct is None for d in drafts)
        if unhinted:
            self.pass_rates[sum(unhinted), len(unhinted)] += 1

    def fail(self) -> None:
        """Counts one problem whose plan raised."""
        self.problems += 1
        self.failed += 1

    def keep(self, kept: Sequence[Draft], *, limited: bool = True) -> None:
        """Counts the kept examples of one problem that did not fail; `limited`: as MOST_ANSWERS says."""
        self.kept += len(kept)
        self.with_kept += bool(kept)
        for draft in kept:
            self._answer(draft.verdict.value or "", 1, limited=limited)

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the counts of what follows, made without a limit. Raises ValueError if they are no counts."""
        Sums.merge(self, {**state, "answers": []})
        for value, count in state["answers"]:
            self._answer(value, count_of(count), limited=True)

    def _answer(self, value: str, count: int, *, limited: bool) -> None:
        if not limited or value in self.answers or len(self.answers) < MOST_ANSWERS:
            self.answers[value] += count
        else:
            self.other_answers += count

    def summary(self) -> dict[str, Any]:
        """The counts with the pass rate (mean over problems) and the most common answers."""
        scored = sum(self.pass_rates.values())
        mean = sum(count * c / n for (c, n), count in self.pass_rates.items()) / scored if scored else None
        common = sorted(self.answers.items(), key=lambda pair: (-pair[1], pair[0]))[:COMMONEST]
        return {
            "problems": self.problems,
            "failed": self.failed,
            "with_kept": self.with_kept,
            "drawn": self.drawn,
            "correct": self.correct,
            "unscored": self.unscored,
            "kept": self.kept,
            "pass_rate": {
                "mean": mean,
                "problems_by_correct_of_scored": {
                    f"{c}/{n}": count for (c, n), count in sorted(self.pass_rates.items())
                },
            },
            "answers": {
                "distinct": len(self.answers),
                "commonest": {value[:100]: count for value, count in common},
                "not_counted_apart": self.other_answers,
            },
        }
