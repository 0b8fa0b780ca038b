"""Evaluates strategies in one process: problems x strategies, in that order, to answers, points and ledger.

The scheduler runs as many jobs as the engine accepts. Nothing here depends on time or on the order in which
completions arrive: the same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from eval.evaluation.evaluation import Evaluation
from eval.evaluation.fitting import fit, fitted
from lab.core.bank.samples import CompletionStore
from lab.core.failures import Failures
from lab.core.ledger import Backend
from lab.core.protocols import Engine
from lab.core.scheduling.scheduler import run_plans
from lab.core.scheduling.whole import Run, run_whole
from lab.formats import ledger as ledgers
from lab.formats.ledger import LedgerWriter
from lab.formats.manifest import say_notes
from lab.system.progress import Progress


def evaluate(
    work: Evaluation,
    *,
    engine: Engine,
    bank: CompletionStore,
    out: Path,
    progress: Progress,
    models: Mapping[str, Backend] | None = None,
) -> None:
    """Writes answers.parquet, points.csv, outcomes.parquet, ledger.parquet and problems.json (task -> problem
    ids), each complete or not at all.

    `models` are those that strategies may name besides the stage's own; `work` has the FLOPs of all.
    Strategies that learn do so first. Failed and unscored answers are left out of the denominator and
    counted, and they widen the interval. Raises InputError for wrong tasks and strategies (see `Evaluation`).
    Raises StageError if too many of a strategy's answers (or of its completions) failed, or all of them;
    EngineError if the engine crashed.
    """
    run = scheduled(work, engine, bank, progress, models)
    work = learn(work, run, out)
    say_notes(out, work.notes(), progress)
    run_whole(work, out, partial(run, what="answers"))


def learn(work: Evaluation, run: Run, out: Path) -> Evaluation:
    """The evaluation with strategies that have learned on dev problems (`run`: see `scheduled`).

    Their compute goes to ledger_dev.parquet, what they learned to fitted.json; without any, nothing is
    written.
    """
    if not any(strategy.learns for strategy in work.strategies):
        return work
    with LedgerWriter(out / ledgers.DEV_FILE, run=work.run, stage=work.stage, model=work.model) as ledger:
        rest = (work.dev, work.seed, partial(run, ledger=ledger), out, Failures(work.max_failed))
        return replace(work, strategies=fit(work.strategies, work.tasks, work.drawn, *rest))


def scheduled(
    work: Evaluation,
    engine: Engine,
    bank: CompletionStore,
    progress: Progress,
    models: Mapping[str, Backend] | None = None,
) -> Run:
    """The scheduler with everything but the jobs and the ledger."""
    return partial(
        run_plans,
        engine=engine,
        bank=bank,
        flops=work.sizes[""],
        run_seed=work.seed,
        models=models,
        progress=progress,
    )


def learned(work: Evaluation, out: Path) -> Evaluation:
    """The evaluation that `learn` returned in another process. Raises StageError if its file is damaged."""
    return replace(work, strategies=fitted(work.strategies, out))
