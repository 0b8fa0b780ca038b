"""The evaluation of some strategies on the problems of some tasks, as work that can be split.

There is one job per (problem, strategy). Those of one problem are adjacent, so that its samples are shared
while they are in the cache. A strategy sees a `Question`, never the gold; only a declared ceiling gets an
oracle. What depends on other problems, the cluster of a problem, is settled before any work is done, so any
process can do any problem, and nothing depends on which one does it, or when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from eval.estimators.clusters import clusters_of
from eval.evaluation.cases import EvaluationCase, EvaluationItem
from eval.evaluation.fitting import sampling_for
from eval.evaluation.part import EvaluationPart, part_in
from eval.evaluation.product import EvaluationProduct, product_in
from eval.evaluation.recording import Recording
from eval.grading import Grader
from eval.strategies import Strategy
from eval.strategies.compatibility import check_options, check_strategies
from lab.core.failures import MAX_FAILED
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Checker, Split, TaskLike
from lab.core.scheduling.jobs import Job
from lab.core.types import Answer, Problem, Sampling
from lab.errors import InputError
from lab.formats.manifest import unfilled
from lab.formats.points import POOLED


@dataclass(frozen=True)
class Evaluation:
    """Every strategy answers every task's problems of the `split`.

    `run`, `stage` and `model` are their names, `seed` is the run's. `sizes`: the FLOPs of each model, "" for
    the stage's own; only the process that runs jobs needs them. More than `max_failed` of a strategy's
    answers or completions may not fail. Raises InputError for strategies that cannot be combined, and for
    labels that are not unique.
    """

    run: str
    stage: str
    model: str
    tasks: Sequence[TaskLike]
    strategies: Sequence[Strategy]
    sampling: Sampling
    seed: int
    sizes: Mapping[str, FlopsModel] = field(default_factory=dict)
    split: Split = "test"
    dev: int = 64
    """Maximum number of problems of each task's dev split, for strategies that learn."""
    max_failed: float = MAX_FAILED

    def __post_init__(self) -> None:
        check_strategies(self.strategies, self.sampling)
        _check_labels(self.tasks)

    @property
    def drawn(self) -> Sampling:
        """The sampling settings, with all numbers that a strategy needs."""
        return self.sampling.but(certainty=any(s.certainty for s in self.strategies))

    @cached_property
    def problems(self) -> dict[str, list[Problem]]:
        """Each task's problems. Raises InputError for an empty task, for equal ids, and for strategies that
        do not fit a task's options.
        """
        found = {task.label: _problems(task, self.split) for task in self.tasks}
        for label, problems in found.items():
            check_options(self.strategies, label, problems)
        return found

    @property
    def total(self) -> int:
        """The number of answers."""
        return len(self.strategies) * sum(map(len, self.problems.values()))

    def notes(self) -> list[str]:
        """Tasks with fewer problems than their limit."""
        counts = ((task, len(self.problems[task.label])) for task in self.tasks)
        return list(filter(None, (unfilled(task, count) for task, count in counts)))

    def items(self) -> Iterator[EvaluationItem]:
        """The problems of all tasks in order; clusters are numbered within each task."""
        for at, problems in enumerate(self.problems.values()):
            numbers = dict[str, int]()
            for problem, cluster in zip(problems, clusters_of(problems), strict=True):
                yield EvaluationItem(at, problem, cluster, numbers.setdefault(cluster, len(numbers)))

    def problem(self, item: EvaluationItem) -> str:
        """The id of an item's problem."""
        return item.problem.id

    def cases(self, item: EvaluationItem) -> Iterator[tuple[EvaluationCase, Job[Answer]]]:
        """One job per strategy."""
        task = self.tasks[item.task]
        grader = Grader(item.problem, self._checkers[item.task], self.seed)
        for strategy in self.strategies:
            question = grader.question(self._samplings[item.task], ceiling=strategy.ceiling)
            case = EvaluationCase(task.label, item.cluster, item.number, grader, strategy, question)
            plan = strategy.plan(question)
            yield case, Job(item.problem.id, strategy.label, plan, strategy.budget, traced=case.derives)

    def part(self, folder: Path) -> AbstractContextManager[EvaluationPart]:
        """Writes answers, ledger and series of one shard."""
        return part_in(folder, partial(self._recording, max_failed=1.0))

    def product(self, folder: Path) -> AbstractContextManager[EvaluationProduct]:
        """Writes answers.parquet, ledger.parquet, outcomes.parquet, points.csv and problems.json."""
        asked = {label: [problem.id for problem in problems] for label, problems in self.problems.items()}
        labels = [strategy.label for strategy in self.strategies]
        recorded = partial(self._recording, max_failed=self.max_failed)
        return product_in(folder, recorded, asked, labels, self.items())

    def _recording(self, folder: Path, files: ExitStack, max_failed: float) -> Recording:
        """A shard alone never has too many failures; the product decides that."""
        names = (self.run, self.stage, self.model)
        return Recording(folder, files, names=names, sizes=self.sizes, max_failed=max_failed)

    @cached_property
    def _checkers(self) -> list[Checker]:
        return [task.checker for task in self.tasks]

    @cached_property
    def _samplings(self) -> list[Sampling]:
        return [sampling_for(task, self.drawn) for task in self.tasks]


def _check_labels(tasks: Sequence[TaskLike]) -> None:
    """Raises InputError if two tasks have the same label, or if one has the name of the pooled rows."""
    labels = [task.label for task in tasks]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise InputError(f"two tasks are called '{twice}': give one of them another `name`")
    if POOLED in labels:
        raise InputError(
            f"a task cannot be called '{POOLED}', because that name stands for all tasks together"
        )


def _problems(task: TaskLike, split: Split) -> list[Problem]:
    """A task's problems. Raises InputError if there are none or if two share an id."""
    problems = task.problems(split)
    if not problems:
        raise InputError(f"task '{task.label}' has no {split} problems")
    twice = [id for id, count in Counter(p.id for p in problems).items() if count > 1]
    if twice:
        raise InputError(
            f"task '{task.label}': {len(twice)} problem ids are not unique, for example '{twice[0]}'"
        )
    return problems
