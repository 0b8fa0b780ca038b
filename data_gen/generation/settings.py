"""Which corpus a generate stage makes, and what follows from its filters and its evaluation tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from data_gen.filters.base import FilterComponent
from data_gen.filters.contamination.embedding_overlap import EmbeddingOverlap
from data_gen.filters.contamination.ngram_overlap import NgramOverlap
from data_gen.methods.base import MethodComponent
from data_gen.similarity.embedding import Embed
from data_gen.similarity.nearness import Rule
from data_gen.similarity.overlap import TestQuestion
from lab.core.failures import MAX_FAILED
from lab.core.protocols import TaskLike
from lab.core.types import Sampling
from lab.formats.ledger import FILE, LedgerWriter


@dataclass(frozen=True, kw_only=True)
class CorpusSettings:
    """What corpus a generate stage makes from all training problems of `tasks`.

    `test_tasks` are those that the corpus must not contain; the overlap is measured. With `embed`, the audit
    also measures diversity and contamination by meaning; it is called after everything is generated.
    `publish` is called with the stage's folder when it is complete. At most the share `max_failed` of the
    problems, and of the completions, may fail.
    """

    run: str
    stage: str
    model: str
    tasks: Sequence[TaskLike]
    method: MethodComponent
    filters: Sequence[FilterComponent]
    sampling: Sampling
    test_tasks: Sequence[TaskLike]
    run_seed: int
    provenance: Mapping[str, Any] = field(default_factory=dict)
    embed: Embed | None = None
    max_failed: float = MAX_FAILED
    publish: Callable[[Path], None] | None = None

    @cached_property
    def tests(self) -> list[TestQuestion]:
        """The questions that the corpus must not contain. They are read when they are first used."""
        return test_questions(self.test_tasks)

    @property
    def local_filters(self) -> int:
        """How many of the filters run in the parts of the stage: those before the first that is not local.

        None if a later one needs all that was made from a source, including what earlier filters drop.
        """
        first = next((i for i, f in enumerate(self.filters) if not f.local), len(self.filters))
        return 0 if any(f.surveys for f in self.filters[first:]) else first

    @property
    def all_local(self) -> bool:
        """Whether all filters run in the parts."""
        return self.local_filters == len(self.filters)

    def ledger(self, folder: Path) -> LedgerWriter:
        """Writes `folder`/ledger.parquet."""
        return LedgerWriter(folder / FILE, run=self.run, stage=self.stage, model=self.model)

    def sampling_of(self, task: TaskLike) -> Sampling:
        """The sampling settings for a task's completions: with its own token limit, if it has one."""
        return self.sampling if task.max_tokens is None else self.sampling.but(max_tokens=task.max_tokens)

    def names(self) -> dict[str, Any]:
        """Its names and its seed, as in audit.json and provenance.json."""
        return {"run": self.run, "stage": self.stage, "model": self.model, "run_seed": self.run_seed}

    def how(self) -> dict[str, Any]:
        """How it is made, as in audit.json and provenance.json."""
        return {
            "method": self.method.model_dump(),
            "shape": self.method.shape,
            "filters": [f.model_dump() for f in self.filters],
            "sampling": asdict(self.sampling),
        }


def test_questions(tasks: Sequence[TaskLike]) -> list[TestQuestion]:
    """The questions of the evaluation tasks, without duplicates (evaluate stages often share tasks).

    A test split does not depend on the run's seed, so these are the questions of any evaluate stage.
    """
    found = (TestQuestion.of(task.label, problem) for task in tasks for problem in task.problems("test"))
    return list(dict.fromkeys(found))


def ngram(filters: Sequence[FilterComponent]) -> int:
    """The n of the overlap: that of the last ngram_overlap filter, else its default."""
    listed = [f.n for f in filters if isinstance(f, NgramOverlap)]
    return listed[-1] if listed else NgramOverlap().n


def near_rule(filters: Sequence[FilterComponent]) -> Rule:
    """The settings for similarity in meaning: those of the last embedding_overlap filter, else its
    default.
    """
    listed = [f for f in filters if isinstance(f, EmbeddingOverlap)]
    return (listed[-1] if listed else EmbeddingOverlap()).rule
