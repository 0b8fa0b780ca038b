"""The generate stage: makes a corpus from problems.

Every training problem becomes one plan of the method; the scheduler runs them all. As outcomes arrive (in the
order of the problems), their examples are checked once, passed through the filters, and written. Problems and
examples are never all in memory. Reading order and file contents are determined by the inputs and the seed:
an interrupted stage that is started again writes the same bytes and generates nothing twice, and a corpus
with more samples or problems pays only for the new ones. A problem whose plan raises is counted in
`audit.json`, and the run continues. A corpus without a single example is an error that says where the
examples were lost; `audit.json` is then written, but not `data/`.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_gen.audit import Embed
from data_gen.audit.figures import pictures
from data_gen.card.empty import why_empty
from data_gen.card.page import card
from data_gen.drawing import Drawing
from data_gen.filters.base import FilterComponent
from data_gen.methods.base import MethodComponent
from lab.core.bank.samples import CompletionStore
from lab.core.failures import MAX_FAILED
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.protocols import Engine, TaskLike
from lab.core.scheduling.scheduler import run_plans
from lab.core.types import Sampling
from lab.errors import StageError
from lab.formats.audit import CARD, FIGURES, write_audit, write_provenance
from lab.formats.corpus import CorpusWriter
from lab.formats.ledger import FILE, LedgerWriter
from lab.formats.manifest import unfilled, write_notes
from lab.system.files import write_atomic
from lab.system.progress import Progress

log = logging.getLogger(__name__)
LOST = "completions could not be generated"


def generate(
    *,
    run: str,
    stage: str,
    model: str,
    tasks: Sequence[TaskLike],
    method: MethodComponent,
    filters: Sequence[FilterComponent],
    sampling: Sampling,
    test_tasks: Sequence[TaskLike],
    engine: Engine,
    bank: CompletionStore,
    flops: FlopsModel,
    run_seed: int,
    out: Path,
    progress: Progress,
    provenance: Mapping[str, Any],
    models: Mapping[str, Backend] | None = None,
    embed: Embed | None = None,
    max_failed: float = MAX_FAILED,
) -> None:
    """Writes `out`/data/train-*.parquet, README.md, audit.json, provenance.json, figures/ and ledger.parquet.

    `test_tasks` are those that the corpus must not contain; the overlap is measured. `models` are those that
    the method and the filters may use besides the stage's own. With `embed`, the audit also measures
    diversity and contamination by meaning; it is called after everything is generated. Raises InputError (a
    task without problems, two with the same label or problem id) and StageError (nothing was kept, a filter
    failed, more than `max_failed` of the problems or completions failed). EngineError is passed on.
    """
    path = out / FILE
    drawing = Drawing(tasks, method, filters, sampling, test_tasks, run_seed, max_failed)
    _say_unfilled(drawing, out, progress)
    with CorpusWriter(out, shape=method.shape) as corpus:
        with LedgerWriter(path, run=run, stage=stage, model=model) as ledger:
            outcomes = run_plans(
                drawing.jobs(),
                engine,
                bank=bank,
                ledger=ledger,
                flops=flops,
                run_seed=run_seed,
                models=models,
                progress=progress,
                total=drawing.sources.total,
            )
            for outcome in outcomes:
                drawing.take(outcome, corpus)
        report: dict[str, Any] = {"run": run, "stage": stage, "model": model, "run_seed": run_seed}
        _finish(report | drawing.report(path, embed), out, corpus, drawing, provenance)


def _say_unfilled(drawing: Drawing, out: Path, progress: Progress) -> None:
    """Reports tasks with fewer problems than requested."""
    notes = [note for task, count in drawing.sources.counts() if (note := unfilled(task, count))]
    write_notes(out, notes)
    for note in notes:
        progress.note(note)


CONFIG = ("method", "shape", "filters", "sampling")


def _finish(
    report: Mapping[str, Any],
    out: Path,
    corpus: CorpusWriter,
    drawing: Drawing,
    provenance: Mapping[str, Any],
) -> None:
    """Writes the audit, then the card, then the data under its final name. Raises StageError if there is no
    data or too much of it failed.
    """
    write_audit(report, out)
    drawing.failures.check()
    _say(report["faults"])
    if not report["kept"]:
        raise StageError(why_empty(report))
    figures = _figures(report, out / FIGURES)
    write_atomic(out / CARD, card(report, drawing.shown.ordered(), provenance, figures))
    made = {key: report[key] for key in ("run", "stage", "model", "run_seed", *CONFIG)} | dict(provenance)
    write_provenance(made, out)
    corpus.commit()


def _figures(report: Mapping[str, Any], folder: Path) -> list[str]:
    """Draws the audit's figures again and returns their names."""
    shutil.rmtree(folder, ignore_errors=True)
    figures = dict(pictures(report))
    for name, content in figures.items():
        write_atomic(folder / name, content)
    return list(figures)


def _say(faults: Mapping[str, Any]) -> None:
    """Reports problems of the stage to the user."""
    for of, failed, what in (("answers", "failed", "problems failed"), ("completions", "lost", LOST)):
        if faults[failed]:
            log.warning("%d of %d %s, the first: %s", faults[failed], faults[of], what, faults["first"])
