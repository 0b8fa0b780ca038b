"""The files of one shard of an evaluation.

They are answers.parquet and ledger.parquet, as in the products; the series of the points; and, in the seal,
the counts of failures. Which rows of the ledger belong to which answer is known from the answer's number of
requests. Clusters are not part of it: whoever absorbs it knows the problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eval.evaluation.cases import EvaluationCase
from eval.evaluation.recording import Recording
from lab.core.failures import FailureCount
from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Outcome
from lab.formats import answers, ledger
from lab.formats.ledger import REQUESTS
from lab.formats.parts.seal import damage, read_seal, write_seal
from lab.formats.parts.series import StoredSeries, read_series, write_series
from lab.system.files import kept_if_closed

Recorded = Callable[[Path, ExitStack], Recording]


class EvaluationPart:
    """Takes the outcomes of one shard."""

    def __init__(self, folder: Path, files: ExitStack, recording: Recording) -> None:
        self._folder, self._files, self._recording = folder, files, recording

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows to the ledger."""
        self._recording.ledger.extend(rows)

    def take(self, case: EvaluationCase, outcome: Outcome[Any]) -> None:
        """Appends one outcome."""
        self._recording.take(case, outcome)

    def save(self) -> None:
        """Completes the files."""
        self._files.close()
        write_series(list(self._recording.points.stored()), self._folder)
        failures = {name: asdict(count) for name, count in self._recording.failures.counts().items()}
        write_seal(self._folder, {"counts": dict(self._recording.counts), "failures": failures})


@contextmanager
def part_in(folder: Path, recorded: Recorded) -> Iterator[EvaluationPart]:
    """Writes into an empty folder. Without `save`, nothing is left there."""
    with kept_if_closed() as files:
        yield EvaluationPart(folder, files, recorded(folder, files))


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """What the seal says about the outcomes."""

    counts: dict[str, int]
    failures: dict[str, FailureCount]


_COUNTS = TypeAdapter(StoredCounts)


class SavedPart:
    """Reads a part. Whatever is wrong with it is a StageError.

    Memory: one batch of rows, and one series.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        facts = read_seal(folder)
        with damage(folder):
            self.stored = _COUNTS.validate_python(facts)

    def answers(self) -> Iterator[Any]:
        """Arrow batches with all columns."""
        with damage(self._folder):
            yield from answers.read_all(self._folder)

    def requests(self) -> Iterator[int]:
        """The number of rows of the ledger for each answer."""
        with damage(self._folder):
            for batch in answers.read_batches(self._folder, [REQUESTS], ()):
                yield from batch.column(0).to_pylist()

    def ledger(self) -> Iterator[Any]:
        """Arrow batches with all columns."""
        with damage(self._folder):
            yield from ledger.read_all(self._folder / ledger.FILE)

    def check_ledger(self) -> None:
        """Raises ValueError if it has more or fewer rows than the answers made requests."""
        found, expected = ledger.count(self._folder / ledger.FILE), sum(self.requests())
        if found != expected:
            raise ValueError(f"its ledger has {found:,} rows instead of {expected:,}")

    def series(self) -> Iterator[StoredSeries]:
        """The series in order."""
        with damage(self._folder):
            yield from read_series(self._folder)
