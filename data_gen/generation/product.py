"""The products of a generate stage. One process takes every outcome; that of a cluster absorbs parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from data_gen.card.terms import sources
from data_gen.drafts import Draft, row_of
from data_gen.generation.finishing import finish
from data_gen.generation.harvest import Harvest
from data_gen.generation.part import SavedCorpusPart
from data_gen.generation.settings import CorpusSettings
from data_gen.source import SourceItem
from lab.core.ledger import LedgerRow
from lab.core.scheduling.scheduler import Outcome
from lab.core.types import Example
from lab.errors import StageError
from lab.formats.corpus import CorpusWriter
from lab.system.files import kept_if_closed


class GenerateProduct:
    """Takes every outcome, or absorbs every part, in the order of the problems; `total`: their number."""

    def __init__(
        self,
        folder: Path,
        files: ExitStack,
        settings: CorpusSettings,
        corpus: CorpusWriter,
        total: Callable[[], int | None],
    ) -> None:
        self._folder, self._files, self._settings, self._corpus = folder, files, settings, corpus
        self._total, self._taken = total, 0
        self._harvest, self._origins = Harvest(settings), sources(settings.tasks)
        self._ledger = files.enter_context(settings.ledger(folder))
        self.model, self.owner = self._ledger.model, self._ledger.owner

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows to the ledger."""
        self._ledger.extend(rows)

    def take(self, case: SourceItem, outcome: Outcome[list[Example]]) -> None:
        """Appends what becomes of the next outcome. Raises StageError if so many have failed that the stage
        must end now.
        """
        self._taken += 1
        drawn = self._harvest.made(case, outcome)
        if drawn is not None:
            self._write(self._harvest.kept(case[0], self._harvest.left(drawn), drawn))

    def absorb(self, part: Path) -> None:
        """Appends a part. Raises StageError if it is damaged or not about the problems that follow, and as
        `take` does.
        """
        saved = SavedCorpusPart(part)
        saved.check_place(self._taken)
        self._taken += len(saved.requests)
        saved.count(self._harvest)
        self._ledger.absorb(saved.ledger(), saved.requests)
        if self._settings.all_local:
            self._corpus.absorb(saved.rows(self._corpus.shape))
            return
        for label, left in saved.drafts():
            self._write(self._harvest.kept(label, left, None if self._settings.local_filters else left))

    def finish(self) -> None:
        """Completes the products. Raises StageError if a problem is missing, if too many have failed, or if
        nothing was kept.
        """
        total = self._total()
        if total is not None and self._taken != total:
            raise StageError(f"only {self._taken:,} of {total:,} problems are there")
        self._files.close()
        finish(self._folder, self._settings, self._origins, self._harvest, self._corpus)

    def _write(self, kept: list[Draft]) -> None:
        for draft in kept:
            self._corpus.add(row_of(draft, self._corpus.shape))


@contextmanager
def product_in(
    folder: Path, settings: CorpusSettings, total: Callable[[], int | None]
) -> Iterator[GenerateProduct]:
    """Writes into the stage's folder; each product is complete or absent."""
    with CorpusWriter(folder, shape=settings.method.shape) as corpus, kept_if_closed() as files:
        yield GenerateProduct(folder, files, settings, corpus, total)
