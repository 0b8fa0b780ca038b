"""What is kept of each outcome: its row of the answers, its completions, its failures, and a few numbers.

An outcome is checked, written and reduced to a few numbers as soon as it is finished, so memory grows by
about a hundred bytes per problem and point.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from math import nan
from pathlib import Path
from typing import Any

from eval.estimators.pool import Pool
from eval.evaluation.cases import EvaluationCase
from eval.evaluation.points import PointKey, Points, costs_of
from lab.core.failures import Failures
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.jobs import Outcome
from lab.core.types import Answer, Verdict
from lab.formats import ledger as ledgers
from lab.formats.answers import (
    AnswersWriter,
    answer_fields,
    cost_fields,
    failed_fields,
    problem_fields,
    strategy_fields,
)
from lab.formats.ledger import LedgerWriter
from lab.language.reasoning import UNFINISHED
from lab.tasks.checkers.verdicts import CUT

APART = (UNFINISHED, CUT)
"""Reasons of wrong answers that are counted separately: with a larger `max_tokens` they might have been
right.
"""


class Recording:
    """Files and counts about some problems, in their order. `files` completes the files, or discards them."""

    def __init__(
        self,
        folder: Path,
        files: ExitStack,
        *,
        names: tuple[str, str, str],
        sizes: Mapping[str, FlopsModel],
        max_failed: float,
    ) -> None:
        run, self.stage, self.model = names
        ledger = LedgerWriter(folder / ledgers.FILE, run=run, stage=self.stage, model=self.model)
        self.ledger = files.enter_context(ledger)
        self.answers = files.enter_context(AnswersWriter(folder))
        self.points, self.counts, self.failures = Points(), Counter[str](), Failures(max_failed)
        self._sizes = sizes

    def take(self, case: EvaluationCase, outcome: Outcome[Any]) -> None:
        """Checks one outcome, writes its row and adds it to its points."""
        self.failures.add(outcome)
        strategy, grader, answer = case.strategy, case.grader, outcome.result
        if answer is None:
            self.counts["failed"] += 1
            said, verdict = failed_fields(outcome.error), Verdict(None, None)
            pool = Pool.failed(strategy.size)
        else:
            verdict, verdicts = grader.checked(answer), grader.verdicts(answer.candidates)
            said = answer_fields(grader.traced(answer), verdict, verdicts)
            pool = grader.pool_of(answer, verdicts)
            self.counts["unscored"] += verdict.correct is None
            if verdict.reason in APART:
                self.counts[verdict.reason] += 1
        row = problem_fields(case.task, case.cluster, grader.problem) | said | cost_fields(outcome)
        labels = (strategy.label, strategy.curve, strategy.kind, strategy.scorer_kind)
        self.answers.add(row | strategy_fields(*labels, n=strategy.size, ceiling=strategy.ceiling))
        self._add_points(case, verdict, pool, outcome)

    def _add_points(
        self, case: EvaluationCase, verdict: Verdict, pool: Pool, outcome: Outcome[Answer]
    ) -> None:
        """Adds the measured point, then the points at other k from the pool; NaN if the checker cannot
        judge.
        """
        strategy, n, failed = case.strategy, case.strategy.size, outcome.result is None
        if strategy.measured:
            accuracy = nan if verdict.correct is None else float(verdict.correct)
            key = PointKey(strategy.curve, strategy.scorer_kind, n, "measured", strategy.ceiling)
            self.points.add(case.task, key, accuracy, case.number, costs_of(outcome), failed=failed)
        unknown = failed or pool.unscored
        estimates = strategy.estimates(Pool.failed(n) if unknown else pool) if case.derives else []
        answer = outcome.result
        expected = (
            case.expected(outcome, answer, self._sizes) if estimates and answer and not unknown else None
        )
        for estimate in estimates:
            ceiling = strategy.ceiling or estimate.scorer == "oracle"
            key = PointKey(estimate.strategy, estimate.scorer, estimate.k, "derived", ceiling)
            costs = expected.of(estimate.k) if expected else costs_of(outcome)
            value, mc_se = (nan, 0.0) if unknown else (estimate.value, estimate.mc_se)
            self.points.add(case.task, key, value, case.number, costs, mc_se, failed=failed)
