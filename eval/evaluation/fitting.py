"""Runs the dev problems of strategies that learn, and returns strategies that have learned.

The dev split is neither trained on nor reported on. Its compute is charged in a separate ledger and is not
part of any point. What was learned is written as plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.grading import Grader
from eval.learning.study import LearningStudy
from eval.plans.routing import routed
from eval.strategies import Strategy
from lab.core.failures import Failures
from lab.core.protocols import TaskLike
from lab.core.scheduling.jobs import Job
from lab.core.scheduling.whole import Run
from lab.core.types import Sampling
from lab.errors import InputError, StageError
from lab.formats.fitted import FILE, read_fitted, write_fitted


def fit(
    strategies: Sequence[Strategy],
    tasks: Sequence[TaskLike],
    sampling: Sampling,
    limit: int,
    seed: int,
    run: Run,
    out: Path,
    failures: Failures,
) -> Sequence[Strategy]:
    """The strategies, with those that learn replaced by fitted copies; writes `out`/fitted.json if there are
    any.

    Raises InputError if a task has no dev split, StageError if `failures` finds too many.
    """
    learners = [s for s in strategies if s.learns]
    if not learners:
        return strategies
    cases = [case for task in tasks for case in _cases(task, sampling, limit, seed)]
    studies = _studies(learners, cases, run, failures)
    taught = {s.label: s.fitted(studies[s.label]).model_copy(update={"name": s.curve}) for s in learners}
    found = {label: s.model_dump(mode="json") for label, s in taught.items()}
    write_fitted(found, out)
    return [taught.get(s.label, s) for s in strategies]


def fitted(strategies: Sequence[Strategy], folder: Path) -> Sequence[Strategy]:
    """The strategies that `fit` returned in another process, from the file that it wrote.

    Raises StageError if the file is missing or damaged.
    """
    if not any(s.learns for s in strategies):
        return strategies
    try:
        found = read_fitted(folder)
        return [type(s).model_validate(found[s.label]) if s.learns else s for s in strategies]
    except (OSError, ValueError, LookupError, TypeError) as error:
        advice = "Remove it and run the same command again"
        raise StageError(f"{folder / FILE} does not have what was learned ({error}). {advice}") from error


def sampling_for(task: TaskLike, sampling: Sampling) -> Sampling:
    """The stage's sampling settings with the task's overrides."""
    return sampling if task.max_tokens is None else sampling.but(max_tokens=task.max_tokens)


DevTask = tuple[str, Grader, Sampling]


def _cases(task: TaskLike, sampling: Sampling, limit: int, seed: int) -> Iterator[DevTask]:
    problems = task.problems("dev")[:limit]
    if not problems:
        raise InputError(
            f"task '{task.label}' has no dev problems, but one of the strategies learns from them"
        )
    for problem in problems:
        grader = Grader(problem, task.checker, seed)
        yield task.label, grader, sampling_for(task, sampling)


def _studies(
    learners: Sequence[Strategy], cases: Sequence[DevTask], run: Run, failures: Failures
) -> dict[str, list[LearningStudy[Any]]]:
    """Each learner's studies. All run concurrently, those of one problem together, so that shared samples
    count once.
    """
    pairs = [
        (task, grader, grader.question(sampling, ceiling=learner.ceiling), learner)
        for task, grader, sampling in cases
        for learner in learners
    ]
    jobs = [
        Job(q.id, f"{learner.label} (dev)", routed(learner.study(q), learner.model))
        for _, _, q, learner in pairs
    ]
    studies: dict[str, list[LearningStudy[Any]]] = {learner.label: [] for learner in learners}
    outcomes = run(jobs, total=len(jobs), what="dev problems")
    for (task, grader, question, learner), outcome in zip(pairs, outcomes, strict=True):
        failures.add(outcome)
        if not outcome.error:
            studies[learner.label].append(LearningStudy(task, question, outcome.result, grader.correct))
    failures.check()
    return studies
