"""The state of a generate stage while it generates: the sources, the method's plans, the filters, the audit.

The scheduler gets `jobs`, one plan per problem in reading order. Each outcome is returned to `take` in the
same order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_gen.audit import Audit, Embed, cost_of
from data_gen.card.terms import sources as origins_of
from data_gen.drafts import Draft, draft_of, row_of
from data_gen.filters.base import Context, FilterComponent
from data_gen.filters.contamination.embedding_overlap import EmbeddingOverlap
from data_gen.filters.contamination.ngram_overlap import NgramOverlap
from data_gen.making import Maker
from data_gen.methods.base import MethodComponent
from data_gen.pipeline import Pipeline
from data_gen.similarity.nearness import Rule
from data_gen.similarity.overlap import TestQuestion
from data_gen.source import Source, Sources, TaskProblem
from lab.core.failures import Failures
from lab.core.protocols import TaskLike
from lab.core.scheduling.scheduler import Job, Outcome
from lab.core.seeds import derive_seed
from lab.core.types import Example, Problem, Sampling
from lab.formats.corpus import CorpusWriter
from lab.statistics.bottom_k import BottomK, salted

SAMPLES_IN_CARD = 5


class Drawing:
    """A corpus being generated. It must not contain a question of `test_tasks`."""

    def __init__(
        self,
        tasks: Sequence[TaskLike],
        method: MethodComponent,
        filters: Sequence[FilterComponent],
        sampling: Sampling,
        test_tasks: Sequence[TaskLike],
        seed: int,
        max_failed: float,
    ) -> None:
        self._method, self._filters, self._sampling, self._seed = method, filters, sampling, seed
        self.sources, tests = Sources(tasks, seed), test_questions(test_tasks)
        self._origins, context = origins_of(tasks), Context(tests)
        self._pipeline, self._maker = Pipeline(filters, context), Maker(method, filters, context)
        self._audit = Audit([task.label for task in tasks], tests, _ngram(filters), near_rule(filters))
        self.shown = BottomK[dict[str, Any]](SAMPLES_IN_CARD, salted(""))
        self.failures = Failures(max_failed, what="method", hidden=self._pipeline.hidden)
        self._asked: deque[TaskProblem] = deque()

    def jobs(self) -> Iterator[Job[list[Example]]]:
        """Yields a job per problem. Problems without an outcome are remembered (the scheduler limits their
        number).
        """
        for task, problem in self.sources:
            seed = derive_seed(self._seed, problem.id, "method")
            source = Source(problem, self._own(task), task.checker, seed, self.sources.others(task))
            self._asked.append((task, problem))
            yield Job(problem.id, self._method.kind, self._maker.plan(task.label, source))

    def _own(self, task: TaskLike) -> Sampling:
        """The sampling settings for a task's completions: with its own token limit, if it has one."""
        return self._sampling if task.max_tokens is None else self._sampling.but(max_tokens=task.max_tokens)

    def take(self, outcome: Outcome[list[Example]], corpus: CorpusWriter) -> None:
        """Counts the next outcome, and adds the examples that the filters keep to the corpus."""
        self.failures.add(outcome)
        for draft in self._harvest(*self._asked.popleft(), outcome):
            corpus.add(row_of(draft, corpus.shape))
            self.shown.add(*_sample(draft))

    def _harvest(self, task: TaskLike, problem: Problem, outcome: Outcome[list[Example]]) -> list[Draft]:
        """The examples of one problem that the filters keep; none for a failed one, which is counted."""
        if outcome.result is None:
            self._audit.fail(task.label, problem, self._pipeline.hidden(outcome.error))
            return []
        drafts = [draft_of(task.label, task.checker, problem, example) for example in outcome.result]
        kept = self._pipeline(drafts)
        self._audit.add(task.label, problem, drafts, kept)
        return kept

    def report(self, ledger: Path, embed: Embed | None) -> dict[str, Any]:
        """The content of audit.json: how the corpus was made, its sources, what was kept, and the cost."""
        return {
            **self._config(),
            "generated": self._method.asks,
            "sources": self._origins,
            "drawn": self._pipeline.drawn,
            "yield": self._pipeline.rows(),
            **self._audit.summary(embed),
            "cost": cost_of(ledger, self._audit.kept),
            "faults": self.failures.summary(),
        }

    def _config(self) -> Mapping[str, Any]:
        return {
            "method": self._method.model_dump(),
            "shape": self._method.shape,
            "filters": [f.model_dump() for f in self._filters],
            "sampling": asdict(self._sampling),
        }


def test_questions(tasks: Sequence[TaskLike]) -> list[TestQuestion]:
    """The questions of the evaluation tasks, without duplicates (evaluate stages often share tasks).

    A test split does not depend on the run's seed, so these are the questions of any evaluate stage.
    """
    found = (TestQuestion.of(task.label, problem) for task in tasks for problem in task.problems("test"))
    return list(dict.fromkeys(found))


def _ngram(filters: Sequence[FilterComponent]) -> int:
    """The n of the overlap: that of the last ngram_overlap filter, else its default."""
    listed = [f.n for f in filters if isinstance(f, NgramOverlap)]
    return listed[-1] if listed else NgramOverlap().n


def near_rule(filters: Sequence[FilterComponent]) -> Rule:
    """The settings for similarity in meaning: those of the last embedding_overlap filter, else its
    default.
    """
    listed = [f for f in filters if isinstance(f, EmbeddingOverlap)]
    return (listed[-1] if listed else EmbeddingOverlap()).rule


def _sample(draft: Draft) -> tuple[str, dict[str, Any]]:
    """A kept example as the card shows it."""
    item = {"problem": draft.problem.id, "question": draft.question, "completion": draft.text}
    return f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index:06d}", item
