"""The files of one shard of a generate stage: its ledger, its counts, and its rows of the corpus.

If not all filters are local, the drafts that the others still have to see are there instead of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from data_gen.drafts import Draft, row_of
from data_gen.generation.encoding import decoded, encoded
from data_gen.generation.harvest import Harvest
from data_gen.generation.settings import CorpusSettings
from data_gen.source import SourceItem
from lab.core.ledger import LedgerRow
from lab.core.scheduling.scheduler import Outcome
from lab.core.shards import Shard
from lab.core.types import Example
from lab.formats import corpus, ledger
from lab.formats.parts import generated
from lab.formats.parts.seal import damage, read_seal, write_seal
from lab.statistics.sums import count_of
from lab.system.files import kept_if_closed

KIND = "generate"


class GeneratePart:
    """Takes the outcomes of one shard. Its files, in `files`, are complete when these are closed."""

    def __init__(self, folder: Path, files: ExitStack, settings: CorpusSettings, harvest: Harvest) -> None:
        self._folder, self._files, self._harvest = folder, files, harvest
        self._shape, self._requests = settings.method.shape, list[int]()
        self._ledger = files.enter_context(settings.ledger(folder))
        whole, enter = settings.all_local, files.enter_context
        self._rows = enter(generated.rows_writer(folder, self._shape)) if whole else None
        self._drafts = None if whole else enter(generated.DraftsWriter(folder))

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows to the ledger."""
        self._requests.append(len(rows))
        self._ledger.extend(rows)

    def take(self, case: SourceItem, outcome: Outcome[list[Example]]) -> None:
        """Appends what becomes of one outcome."""
        drawn = self._harvest.made(case, outcome)
        if drawn is None:
            return
        label, left = case[0], self._harvest.left(drawn)
        if self._drafts is not None:
            self._drafts.add([label, encoded(left)])
        if self._rows is not None:
            for draft in self._harvest.kept(label, left, drawn):
                self._rows.add(row_of(draft, self._shape))

    def save(self) -> None:
        """Completes the files."""
        self._files.close()
        generated.write_state({"requests": self._requests, **self._harvest.state()}, self._folder)
        write_seal(self._folder, {"kind": KIND})


@contextmanager
def part_in(folder: Path, settings: CorpusSettings) -> Iterator[GeneratePart]:
    """Writes into an empty folder. Without `save`, nothing is left there."""
    with kept_if_closed() as files:
        yield GeneratePart(folder, files, settings, Harvest(settings, part=True))


class SavedCorpusPart:
    """Reads a part. Whatever is wrong with it is a StageError. Memory: its counts, and a batch of rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        facts = read_seal(folder)
        with damage(folder):
            if facts["kind"] != KIND:
                raise ValueError(f"it is a part of another kind of stage, '{facts['kind']}'")
            self.state = generated.read_state(folder)
            self.requests = [count_of(count) for count in self.state["requests"]]
            rows, expected = ledger.count(folder / ledger.FILE), sum(self.requests)
            if rows != expected:
                raise ValueError(f"its ledger has {rows:,} rows instead of {expected:,}")

    def check_place(self, number: int) -> None:
        """Raises StageError if its folder's name says that it does not begin with this problem."""
        shard = Shard.parse(self._folder.name)
        with damage(self._folder):
            if shard is not None and (shard.start, len(shard)) != (number, len(self.requests)):
                raise ValueError(f"it has {len(self.requests)} problems, and number {number} comes next")

    def count(self, harvest: Harvest) -> None:
        """Adds its counts. Raises StageError as `Harvest.merge` does, too."""
        with damage(self._folder):
            harvest.merge(self.state)

    def ledger(self) -> Iterator[Any]:
        """Its ledger, as Arrow batches."""
        with damage(self._folder):
            yield from ledger.read_all(self._folder / ledger.FILE)

    def rows(self, shape: corpus.Shape) -> Iterator[Any]:
        """Its rows of the corpus, as Arrow batches."""
        with damage(self._folder):
            for batch in generated.read_rows(self._folder, shape):
                if not batch.schema.equals(corpus.schema(shape)):
                    raise ValueError(f"its rows do not have the columns of the shape {shape}")
                yield batch

    def drafts(self) -> Iterator[tuple[str, list[Draft]]]:
        """(label of the task, drafts) of every problem that did not fail."""
        with damage(self._folder):
            for label, drafts in generated.read_drafts(self._folder):
                yield label, decoded(label, drafts)
