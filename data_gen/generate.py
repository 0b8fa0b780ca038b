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

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from data_gen.generation.work import Generation
from lab.core.bank.samples import CompletionStore
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.protocols import Engine
from lab.core.scheduling.scheduler import run_plans
from lab.core.scheduling.whole import run_whole
from lab.formats.manifest import say_notes
from lab.system.progress import Progress


def generate(
    work: Generation,
    out: Path,
    *,
    engine: Engine,
    bank: CompletionStore,
    flops: FlopsModel,
    progress: Progress,
    models: Mapping[str, Backend] | None = None,
) -> None:
    """Writes `out`/data/train-*.parquet, README.md, audit.json, provenance.json, figures/ and ledger.parquet,
    in one process.

    `models` are those that the method and the filters may use besides the stage's own. Raises InputError as
    `Generation` does, and StageError (nothing was kept, a filter failed, more than `max_failed` of the
    problems or completions failed). EngineError is passed on.
    """
    say_notes(out, work.notes(), progress)
    run = partial(
        run_plans,
        engine=engine,
        bank=bank,
        flops=flops,
        run_seed=work.settings.run_seed,
        models=models,
        progress=progress,
    )
    run_whole(work, out, run)
