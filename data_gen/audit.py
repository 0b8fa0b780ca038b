"""What a person must know before training on a corpus, counted while it is made.

The audit answers: how much survived each filter and why the rest did not, how hard the problems were for the
generating model, how varied the kept solutions are, what a kept example cost, and how much of the evaluation
tasks is in it. Everything is a running count, so memory does not grow with the number of problems; the
exceptions are bounded (answer values, by MOST_ANSWERS) or belong to the test sets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_gen.drafts import Draft, normalised
from data_gen.overlap import Hit, OverlapIndex, TestQuestion
from data_gen.pipeline import LONGEST

MOST_ANSWERS = 100_000
MOST_FAILURES = 20
MOST_HITS = 10


@dataclass(slots=True)
class TaskCounts:
    """Counts of one training task. Pass rates are over the drawn examples of a problem that got a verdict."""

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
        """One problem that did not fail."""
        correct = sum(d.verdict.correct is True for d in drafts)
        scored = sum(d.verdict.correct is not None for d in drafts)
        self.drawn += len(drafts)
        self.correct += correct
        self.unscored += len(drafts) - scored
        self.kept += len(kept)
        self.with_kept += bool(kept)
        if scored:
            self.pass_rates[correct, scored] += 1
        for draft in kept:
            self._answer(draft.verdict.value or "")

    def _answer(self, value: str) -> None:
        if value in self.answers or len(self.answers) < MOST_ANSWERS:
            self.answers[value] += 1
        else:
            self.other_answers += 1

    def summary(self) -> dict[str, Any]:
        """The counts with the pass rate (mean over problems) and the commonest answers."""
        scored = sum(self.pass_rates.values())
        mean = sum(count * c / n for (c, n), count in self.pass_rates.items()) / scored if scored else None
        common = sorted(self.answers.items(), key=lambda pair: (-pair[1], pair[0]))[:20]
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


class Contamination:
    """Which test questions share an n-gram with a kept example; per test task."""

    def __init__(self, tests: Sequence[TestQuestion], n: int) -> None:
        self.n = n
        self._index = OverlapIndex(tests, n)
        self._questions = Counter(test.task for test in tests)
        self._touched: dict[str, set[str]] = defaultdict(set)
        self._equal: dict[str, set[str]] = defaultdict(set)
        self._examples: Counter[str] = Counter()
        self._shown: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, draft: Draft) -> None:
        """One kept example."""
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


class Audit:
    """Counts a stage as it runs; `summary` is what audit.json holds besides configuration and yield."""

    def __init__(self, labels: Sequence[str], tests: Sequence[TestQuestion], n: int) -> None:
        self._tasks = {label: TaskCounts() for label in labels}
        self._contamination = Contamination(tests, n)
        self._distinct_drawn = self._distinct_correct = 0
        self._distinct_kept: Counter[int] = Counter()
        self._lengths: dict[str, Counter[int]] = defaultdict(Counter)
        self._failures: list[dict[str, str]] = []

    @property
    def kept(self) -> int:
        """Examples kept so far."""
        return sum(task.kept for task in self._tasks.values())

    @property
    def failed(self) -> int:
        """Problems whose plan raised."""
        return sum(task.failed for task in self._tasks.values())

    def fail(self, task: str, problem: str, error: str) -> None:
        """One problem whose plan raised; `error` is its traceback, of which the last line is shown."""
        self._tasks[task].problems += 1
        self._tasks[task].failed += 1
        if len(self._failures) < MOST_FAILURES:
            last = (error.strip().splitlines() or ["unknown"])[-1]
            self._failures.append({"task": task, "problem": problem, "error": last[:LONGEST]})

    def add(self, task: str, drafts: Sequence[Draft], kept: Sequence[Draft]) -> None:
        """One problem: all that was drawn and what the filters left of it."""
        self._tasks[task].problems += 1
        self._tasks[task].add(drafts, kept)
        self._distinct_drawn += len({normalised(d.text) for d in drafts})
        self._distinct_correct += len({normalised(d.text) for d in drafts if d.verdict.correct})
        self._distinct_kept[len({normalised(d.text) for d in kept})] += 1
        for draft in drafts:
            self._lengths["drawn_completion_tokens"][draft.completion_tokens] += 1
        for draft in kept:
            self._lengths["kept_completion_tokens"][draft.completion_tokens] += 1
            self._lengths["kept_prompt_tokens"][draft.prompt_tokens] += 1
            self._lengths["kept_completion_characters"][len(draft.text)] += 1
            self._contamination.add(draft)

    def summary(self) -> dict[str, Any]:
        """Everything counted, as JSON-able values."""
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
            "duplicates": {
                "drawn": drawn,
                "drawn_distinct": self._distinct_drawn,
                "correct": correct,
                "correct_distinct": self._distinct_correct,
                "problems_by_distinct_kept": {str(k): v for k, v in sorted(self._distinct_kept.items())},
            },
            "lengths": {name: quantiles(counter) for name, counter in sorted(self._lengths.items())},
            "contamination": {"n": self._contamination.n, "tasks": self._contamination.summary()},
        }


def quantiles(counts: Counter[int]) -> dict[str, float]:
    """Count, sum, mean, minimum, median, 95th percentile (nearest rank) and maximum of counted values."""
    total, weighted = sum(counts.values()), sum(value * count for value, count in counts.items())
    if not total:
        return {"count": 0}
    ordered = sorted(counts)
    return {
        "count": total,
        "sum": weighted,
        "mean": weighted / total,
        "min": ordered[0],
        "p50": _rank(counts, ordered, 0.5 * total),
        "p95": _rank(counts, ordered, 0.95 * total),
        "max": ordered[-1],
    }


def _rank(counts: Counter[int], ordered: list[int], rank: float) -> int:
    seen = 0
    for value in ordered:
        seen += counts[value]
        if seen >= rank:
            return value
    return ordered[-1]


def cost_of(ledger: Path, kept: int) -> dict[str, Any]:
    """Totals of a finished ledger and per kept example.

    "logical" charges every completion asked for, "executed" only those the engine drew for this stage (the
    rest came from the bank). FLOPs at the three cache levels of the ledger. Memory: one batch of rows.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = [
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "flops_logical",
        "flops_shared",
        "flops_engine",
    ]
    names.append("seconds")
    logical, executed = (dict.fromkeys(["requests", "errors", *names], 0) for _ in range(2))
    for batch in pq.ParquetFile(ledger).iter_batches(columns=[*names, "served_from", "finish_reason"]):
        drawn = batch.filter(pc.equal(batch.column("served_from"), "engine"))
        for totals, rows in ((logical, batch), (executed, drawn)):
            totals["requests"] += rows.num_rows
            totals["errors"] += pc.sum(pc.equal(rows.column("finish_reason"), "error")).as_py() or 0
            for name in names:
                totals[name] += pc.sum(rows.column(name)).as_py() or 0
    both = {"logical": logical, "executed": executed}
    per_kept = {
        level: {name: totals[name] / kept if kept else None for name in names}
        for level, totals in both.items()
    }
    return {**both, "per_kept_example": per_kept}
