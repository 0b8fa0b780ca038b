"""Counts of one training task: how hard its problems were, what was kept of them, and their answers.

All are running counts. Only the set of answer values could grow; it is limited to MOST_ANSWERS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft, samples_of

MOST_ANSWERS = 100_000
COMMONEST = 20


def rated(task: Mapping[str, Any]) -> bool:
    """Whether a task's pass rates show how often the model was right, given its summary. They do not if
    replies can only be found unusable, never right, as for documents.
    """
    return task["pass_rate"]["mean"] is not None and (task["correct"] > 0 or not task["unscored"])


@dataclass(slots=True)
class TaskCounts:
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

    def add(self, drafts: Sequence[Draft], kept: Sequence[Draft]) -> None:
        """Counts one problem that did not fail."""
        unhinted = [d.verdict.correct for d in samples_of(drafts) if d.verdict.correct is not None]
        self.drawn += len(drafts)
        self.correct += sum(d.verdict.correct is True for d in drafts)
        self.unscored += sum(d.verdict.correct is None for d in drafts)
        self.kept += len(kept)
        self.with_kept += bool(kept)
        if unhinted:
            self.pass_rates[sum(unhinted), len(unhinted)] += 1
        for draft in kept:
            self._answer(draft.verdict.value or "")

    def _answer(self, value: str) -> None:
        if value in self.answers or len(self.answers) < MOST_ANSWERS:
            self.answers[value] += 1
        else:
            self.other_answers += 1

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
