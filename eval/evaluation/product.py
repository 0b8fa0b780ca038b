"""The products of an evaluation: made of every outcome in one process, or of parts that other processes made.

Row groups of the Parquet files end at the same rows in both ways, and series are joined in the order of the
problems, so the bytes are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from eval.evaluation.cases import EvaluationCase, EvaluationItem
from eval.evaluation.part import Recorded, SavedPart
from eval.evaluation.recording import APART, Recording
from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Outcome
from lab.errors import StageError
from lab.formats.answers import FILE
from lab.formats.outcomes import write_outcomes
from lab.formats.parts.seal import damage
from lab.formats.points import write_points
from lab.formats.problems import write_problems
from lab.system.files import kept_if_closed

log = logging.getLogger(__name__)


class EvaluationProduct:
    """Takes every outcome, or absorbs every part, in the order of the problems.

    `asked`: each task's problem ids. `labels`: those of the strategies. `items`: the problems in order.
    """

    def __init__(
        self,
        folder: Path,
        files: ExitStack,
        recording: Recording,
        asked: Mapping[str, Sequence[str]],
        labels: Sequence[str],
        items: Iterator[EvaluationItem],
    ) -> None:
        self._folder, self._files, self._recording = folder, files, recording
        self._asked, self._labels = asked, labels
        self._places, self._answers = _places(list(asked), items, labels), 0
        self.model, self.owner = recording.ledger.model, recording.ledger.owner

    def extend(self, rows: list[LedgerRow]) -> None:
        """Appends rows to the ledger."""
        self._recording.ledger.extend(rows)

    def take(self, case: EvaluationCase, outcome: Outcome[Any]) -> None:
        """Appends one outcome. Raises StageError if all of a strategy's first answers failed."""
        self._recording.take(case, outcome)
        self._answers += 1

    def absorb(self, part: Path) -> None:
        """Appends a part. Raises StageError if it is damaged or not about the problems that follow, and as
        `take` does.
        """
        saved, recording = SavedPart(part), self._recording
        clusters: dict[str, list[int]] = {}
        for batch in saved.answers():
            with damage(part):
                self._check_answers(batch, clusters)
            with damage(part, (ValueError,)):
                recording.answers.absorb(batch)
        with damage(part):
            if self._answers % len(self._labels):
                raise ValueError("it ends within a problem")
            saved.check_ledger()
        with damage(part, (ValueError,)):
            recording.ledger.absorb(saved.ledger(), saved.requests())
        for series in saved.series():
            with damage(part):
                recording.points.absorb(series, clusters[series.head.task])
        recording.counts.update(saved.stored.counts)
        recording.failures.absorb(saved.stored.failures)

    def finish(self) -> None:
        """Completes the products. Raises StageError if an answer is missing or too many failed."""
        total = len(self._labels) * sum(map(len, self._asked.values()))
        if self._answers != total:
            raise StageError(f"only {self._answers:,} of {total:,} answers are there")
        recording = self._recording
        recording.failures.check()
        self._files.close()
        write_outcomes(recording.points.outcomes(self._asked), self._folder)
        write_problems(self._asked, self._folder)
        write_points(recording.points.rows(recording.stage, self.model), self._folder)
        _report(recording, total)

    def _check_answers(self, batch: Any, clusters: dict[str, list[int]]) -> None:
        """Compares answers with those expected; notes the clusters of their problems by task."""
        columns = (batch.column(name).to_pylist() for name in ("task", "problem_id", "strategy"))
        for found in zip(*columns, strict=True):
            expected, cluster = next(self._places, (None, 0))
            if found != expected:
                raise ValueError(f"it has the answer of {found}, where that of {expected} is expected")
            if found[2] == self._labels[0]:
                clusters.setdefault(found[0], []).append(cluster)
            self._answers += 1


def _places(
    tasks: Sequence[str], items: Iterator[EvaluationItem], labels: Sequence[str]
) -> Iterator[tuple[tuple[str, str, str], int]]:
    """(task, problem id, strategy) of every answer in order, and the number of its problem's cluster."""
    for item in items:
        for label in labels:
            yield (tasks[item.task], item.problem.id, label), item.number


@contextmanager
def product_in(
    folder: Path,
    recorded: Recorded,
    asked: Mapping[str, Sequence[str]],
    labels: Sequence[str],
    items: Iterator[EvaluationItem],
) -> Iterator[EvaluationProduct]:
    """Writes into the stage's folder. Without `finish`, nothing is left there."""
    with kept_if_closed() as files:
        product = EvaluationProduct(folder, files, recorded(folder, files), asked, labels, items)
        yield product


def _report(recording: Recording, total: int) -> None:
    """Reports problems of the evaluation to the user."""
    counts = recording.counts
    if counts["failed"]:
        log.warning(
            "%d of %d answers failed; they widen the intervals (see %s)", counts["failed"], total, FILE
        )
    if counts["unscored"]:
        what = "%d of %d answers could not be checked; they widen the intervals"
        log.warning(what, counts["unscored"], total)
    for reason in APART:
        if counts[reason]:
            log.warning("%d of %d answers are wrong for this reason alone: %s", counts[reason], total, reason)
    if error := recording.points.monte_carlo_error():
        log.info("largest Monte-Carlo standard error of a derived accuracy: %.2g", error)
