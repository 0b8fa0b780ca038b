"""The evaluation loop: from problems x strategies, in that order, to answers, points and ledger.

There is one job per (problem, strategy). Those of one problem are adjacent, so that its samples are shared
while they are in the cache; the scheduler runs as many as the engine accepts. A strategy sees a `Question`,
never the gold; only a declared ceiling gets an oracle. An outcome is checked, written and reduced to a few
numbers as soon as it is finished, so memory grows by about a hundred bytes per problem and point. Nothing
here depends on time or on the order in which completions arrive: the same inputs give the same bytes.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import nan
from pathlib import Path

from eval.estimators.clusters import clusters_of
from eval.estimators.derived import Expected
from eval.estimators.pool import Pool
from eval.fitting import fit, sampling_for
from eval.grading import Grader
from eval.plans.needs import needs
from eval.points import PointKey, Points, costs_of
from eval.strategies import Strategy
from eval.strategies.compatibility import check_options, check_strategies
from lab.core.bank.samples import CompletionStore
from lab.core.failures import MAX_FAILED, Failures
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.protocols import Engine, Split, TaskLike
from lab.core.scheduling.scheduler import Job, Outcome, run_plans
from lab.core.types import Answer, Problem, Question, Sampling, Verdict
from lab.errors import InputError
from lab.formats import ledger as ledgers
from lab.formats.answers import (
    FILE,
    AnswersWriter,
    answer_fields,
    cost_fields,
    failed_fields,
    problem_fields,
    strategy_fields,
)
from lab.formats.ledger import LedgerWriter
from lab.formats.manifest import unfilled, write_notes
from lab.formats.outcomes import write_outcomes
from lab.formats.points import POOLED, write_points
from lab.formats.problems import write_problems
from lab.language.reasoning import UNFINISHED
from lab.system.progress import Progress
from lab.tasks.checkers.verdicts import CUT

log = logging.getLogger(__name__)
APART = (UNFINISHED, CUT)
"""Reasons of wrong answers that are counted separately: with a larger `max_tokens` they might have been
right.
"""


@dataclass(frozen=True, slots=True)
class _Case:
    """One (task, problem, strategy) in progress; `number` is the number of its cluster within the task."""

    task: str
    cluster: str
    number: int
    grader: Grader
    strategy: Strategy
    question: Question

    @property
    def derives(self) -> bool:
        """Whether points at smaller k can be derived from its pool. The size of a pool with a budget depends
        on its cost, so a subset of k is not a random sample.
        """
        return self.strategy.size > 1 and not self.strategy.budget

    def expected(
        self, outcome: Outcome[Answer], answer: Answer, models: Mapping[str, FlopsModel]
    ) -> Expected:
        """The expected cost of smaller pools."""
        judging = partial(self.strategy.judging, self.question)
        masks = needs(outcome.charges, answer, judging)
        return Expected(outcome.charges, masks, len(answer.candidates), models)


@dataclass(slots=True)
class _Work:
    """The cases to run, and those that the scheduler is running."""

    tasks: Sequence[tuple[TaskLike, list[Problem]]]
    strategies: Sequence[Strategy]
    sampling: Sampling
    seed: int
    waiting: deque[_Case] = field(default_factory=deque)

    def jobs(self) -> Iterator[Job[Answer]]:
        """Yields every job when the scheduler asks for it."""
        for task, problems in self.tasks:
            sampling, checker, numbers = sampling_for(task, self.sampling), task.checker, dict[str, int]()
            for problem, cluster in zip(problems, clusters_of(problems), strict=True):
                grader = Grader(problem, checker, self.seed)
                number = numbers.setdefault(cluster, len(numbers))
                for strategy in self.strategies:
                    question = grader.question(sampling, ceiling=strategy.ceiling)
                    case = _Case(task.label, cluster, number, grader, strategy, question)
                    self.waiting.append(case)
                    plan = strategy.plan(question)
                    yield Job(problem.id, strategy.label, plan, strategy.budget, traced=case.derives)


def evaluate(
    *,
    run: str,
    stage: str,
    model: str,
    tasks: Sequence[TaskLike],
    strategies: Sequence[Strategy],
    sampling: Sampling,
    engine: Engine,
    bank: CompletionStore,
    flops: FlopsModel,
    run_seed: int,
    out: Path,
    progress: Progress,
    models: Mapping[str, Backend] | None = None,
    dev: int = 64,
    split: Split = "test",
    max_failed: float = MAX_FAILED,
) -> None:
    """Writes answers.parquet, points.csv, outcomes.parquet, ledger.parquet and problems.json (task -> problem
    ids), each complete or not at all.

    Every strategy answers every task's problems of the `split`; `models` are those it may name besides the
    stage's own. Strategies that learn do so first, on at most `dev` problems of each task's dev split (their
    compute goes to ledger_dev.parquet, what they learned to fitted.json). Failed and unscored answers are
    left out of the denominator and counted, and they widen the interval. Raises InputError for an empty task,
    for equal problem ids, and for strategies that cannot be combined or do not fit a task's options. Raises
    StageError if more than `max_failed` of a strategy's answers (or of its completions) failed, or all of
    them; EngineError if the engine crashed.
    """
    check_strategies(strategies, sampling)
    _check_labels(tasks)
    sampling = sampling.but(certainty=any(s.certainty for s in strategies))
    run_them = partial(
        run_plans, engine=engine, bank=bank, flops=flops, run_seed=run_seed, models=models, progress=progress
    )
    if any(s.learns for s in strategies):
        with LedgerWriter(out / ledgers.DEV_FILE, run=run, stage=stage, model=model) as ledger:
            run_dev = partial(run_them, ledger=ledger)
            strategies = fit(strategies, tasks, sampling, dev, run_seed, run_dev, out, Failures(max_failed))
    work = _Work([(task, _problems(task, split)) for task in tasks], strategies, sampling, run_seed)
    for task, problems in work.tasks:
        check_options(strategies, task.label, problems)
    _say_notes(work, out, progress)
    total = len(strategies) * sum(len(problems) for _, problems in work.tasks)
    points, counts, failures = Points(), Counter[str](), Failures(max_failed)
    sizes = {"": flops} | {name: backend.flops for name, backend in (models or {}).items()}
    ledger = LedgerWriter(out / ledgers.FILE, run=run, stage=stage, model=model)
    with ledger, AnswersWriter(out) as answers:
        outcomes = run_them(work.jobs(), ledger=ledger, total=total, what="answers")
        for outcome in outcomes:
            failures.add(outcome)
            _record(work.waiting.popleft(), outcome, answers, points, counts, sizes)
        failures.check()
    asked = {task.label: [problem.id for problem in problems] for task, problems in work.tasks}
    write_outcomes(points.outcomes(asked), out)
    write_problems(asked, out)
    write_points(points.rows(stage, model), out)
    _report(counts, points, total)


def _say_notes(work: _Work, out: Path, progress: Progress) -> None:
    """Reports and stores notes for readers of the numbers: a `limit` larger than the number of problems."""
    notes = list(filter(None, (unfilled(task, len(problems)) for task, problems in work.tasks)))
    write_notes(out, notes)
    for note in notes:
        progress.note(note)


def _record(
    case: _Case,
    outcome: Outcome[Answer],
    answers: AnswersWriter,
    points: Points,
    counts: Counter[str],
    models: Mapping[str, FlopsModel],
) -> None:
    """Checks one outcome, writes its row and adds it to its points."""
    strategy, grader, answer = case.strategy, case.grader, outcome.result
    if answer is None:
        counts["failed"] += 1
        said, verdict, pool = failed_fields(outcome.error), Verdict(None, None), Pool.failed(strategy.size)
    else:
        verdict, verdicts = grader.checked(answer), grader.verdicts(answer.candidates)
        said, pool = answer_fields(grader.traced(answer), verdict, verdicts), grader.pool_of(answer, verdicts)
        counts["unscored"] += verdict.correct is None
        counts[verdict.reason] += verdict.reason in APART
    row = problem_fields(case.task, case.cluster, grader.problem) | said | cost_fields(outcome)
    names = (strategy.label, strategy.curve, strategy.kind, strategy.scorer_kind)
    answers.add(row | strategy_fields(*names, n=strategy.size, ceiling=strategy.ceiling))
    _add_points(case, verdict, pool, outcome, points, models)


def _add_points(
    case: _Case,
    verdict: Verdict,
    pool: Pool,
    outcome: Outcome[Answer],
    points: Points,
    models: Mapping[str, FlopsModel],
) -> None:
    """Adds the measured point, then the points at other k from the pool; NaN if the checker cannot judge."""
    strategy, n, failed = case.strategy, case.strategy.size, outcome.result is None
    if strategy.measured:
        accuracy = nan if verdict.correct is None else float(verdict.correct)
        key = PointKey(strategy.curve, strategy.scorer_kind, n, "measured", strategy.ceiling)
        points.add(case.task, key, accuracy, case.number, costs_of(outcome), failed=failed)
    unknown = failed or pool.unscored
    estimates = strategy.estimates(Pool.failed(n) if unknown else pool) if case.derives else []
    answer = outcome.result
    expected = case.expected(outcome, answer, models) if estimates and answer and not unknown else None
    for estimate in estimates:
        ceiling = strategy.ceiling or estimate.scorer == "oracle"
        key = PointKey(estimate.strategy, estimate.scorer, estimate.k, "derived", ceiling)
        costs = expected.of(estimate.k) if expected else costs_of(outcome)
        value, mc_se = (nan, 0.0) if unknown else (estimate.value, estimate.mc_se)
        points.add(case.task, key, value, case.number, costs, mc_se, failed=failed)


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


def _report(counts: Counter[str], points: Points, total: int) -> None:
    """Reports problems of the evaluation to the user."""
    if counts["failed"]:
        log.warning(
            "%d of %d answers failed; they widen the intervals (see %s)",
            counts["failed"],
            total,
            FILE,
        )
    if counts["unscored"]:
        log.warning(
            "%d of %d answers could not be checked; they widen the intervals", counts["unscored"], total
        )
    for reason in APART:
        if counts[reason]:
            log.warning("%d of %d answers are wrong for this reason alone: %s", counts[reason], total, reason)
    if error := points.monte_carlo_error():
        log.info("largest Monte-Carlo standard error of a derived accuracy: %.2g", error)
