"""The end of a generate stage: audit.json, the card with its figures, provenance.json, and the corpus."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_gen.audit import cost_of
from data_gen.audit.figures import pictures
from data_gen.card.empty import why_empty
from data_gen.card.page import card
from data_gen.generation.harvest import Harvest
from data_gen.generation.settings import CorpusSettings
from lab.errors import StageError
from lab.formats.audit import CARD, FIGURES, write_audit, write_provenance
from lab.formats.corpus import CorpusWriter
from lab.formats.ledger import FILE
from lab.system.files import write_atomic

log = logging.getLogger(__name__)
LOST = "completions could not be generated"


def finish(
    folder: Path,
    settings: CorpusSettings,
    origins: Mapping[str, Any],
    harvest: Harvest,
    corpus: CorpusWriter,
) -> None:
    """Writes the audit, then the card, then the data under its final name, and publishes them. `origins`: see
    `data_gen.card.terms.sources`. Raises StageError if there is no data or too much of it failed.
    """
    report = settings.names() | _report(folder, settings, origins, harvest)
    write_audit(report, folder)
    harvest.failures.check()
    _say(report["faults"])
    if not report["kept"]:
        raise StageError(why_empty(report))
    figures = _figures(report, folder / FIGURES)
    write_atomic(folder / CARD, card(report, harvest.shown.ordered(), settings.provenance, figures))
    write_provenance(settings.names() | settings.how() | dict(settings.provenance), folder)
    corpus.commit()
    if settings.publish is not None:
        settings.publish(folder)


def _report(
    folder: Path, settings: CorpusSettings, origins: Mapping[str, Any], harvest: Harvest
) -> dict[str, Any]:
    """How the corpus was made, its sources, what was kept, and the cost."""
    return {
        **settings.how(),
        "generated": settings.method.asks,
        "sources": origins,
        "drawn": harvest.audit.drawn,
        "yield": harvest.rows(),
        **harvest.audit.summary(settings.embed),
        "cost": cost_of(folder / FILE, harvest.audit.kept),
        "faults": harvest.failures.summary(),
    }


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
