"""answers.parquet: one row per (task, problem, strategy), streamed, so that memory holds one row group.

Model output is untrusted text: characters that UTF-8 cannot represent are replaced. Unknown values are null:
costs that were not counted, a verdict that no checker gave.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

from lab.core.scheduling.jobs import Outcome
from lab.core.types import Answer, Candidate, Problem, Verdict
from lab.formats import parquet
from lab.formats.ledger import COUNTS, LATENCY, REALS
from lab.language.abstention.reading import answerable
from lab.language.unicode import well_formed

FILE = "answers.parquet"
ROW_GROUP = 512
GROUP_CHARACTERS = 16_000_000
"""A row group ends early if its answers and candidates have this many characters."""
BATCH, LONG_BATCH = 4_096, 64
"""Rows in memory at a time: without their long texts, with them."""
META = ("family", "template", "wording", "band", "difficulty", "pair", "fact")
"""The keys of a problem's meta that are kept, for grouping in reports."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate of an answer: `correct` and `score` are None if unknown."""

    text: str
    value: str | None
    correct: bool | None
    score: float | None
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """All columns, in order. `messages`, `gold`, `meta` and `trace` are JSON; `curve` is the strategy of the
    answer's points; `ceiling`: the strategy uses the gold; `correct` None: failed or unscored.
    """

    task: str
    problem_id: str
    cluster: str
    strategy: str
    curve: str
    kind: str
    scorer: str
    n: int
    messages: str
    gold: str
    answerable: bool
    meta: str
    text: str
    value: str | None
    correct: bool | None
    reason: str
    failed: bool
    error: str
    confidence: float | None
    abstained: bool
    ceiling: bool
    trace: str
    candidates: list[CandidateRow]
    requests: int
    prompt_tokens: int
    cached_tokens: int
    shared_tokens: int
    completion_tokens: int
    flops_logical: float | None
    flops_shared: float | None
    flops_engine: float | None
    seconds: float | None
    latency: float | None


def schema() -> Any:
    """The Arrow schema of the file."""
    return parquet.schema_of(AnswerRow)


@dataclass(frozen=True, slots=True)
class _Named:
    """The columns that identify an answer's problem."""

    problem_id: str


class AnswersWriter:
    """Writes a folder's file. Use it as a context manager: the file is renamed into place only on a clean
    exit.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = parquet.ParquetWriter[Mapping[str, Any]](
            folder / FILE, schema(), rows=ROW_GROUP, size=GROUP_CHARACTERS
        )

    def __enter__(self) -> AnswersWriter:
        self._rows.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._rows.__exit__(*error)

    def add(self, row: Mapping[str, Any]) -> None:
        """Appends one row: column -> value."""
        self._rows.add(row, len(row["text"]) + sum(len(c["text"]) for c in row["candidates"]))

    def absorb(self, batch: Any) -> None:
        """Appends the rows of an Arrow batch with all columns (see `read_all`)."""
        self._rows.absorb([batch], ((1, size) for size in _characters(batch)))


def read_answers(
    folder: Path,
    kind: type[Row],
    *,
    keys: Container[tuple[str, str]] | None = None,
    rows: int = parquet.BATCH,
) -> Iterator[Row]:
    """The answers of a stage as instances of the dataclass `kind`, whose fields are the columns read.

    `keys`: only those of these (task, problem id). Raises InputError as `parquet.read_rows` does.
    """
    pick = None if keys is None else partial(_having, keys)
    return parquet.read_rows(folder / FILE, kind, rows=rows, pick=pick)


def read_batches(folder: Path, columns: Sequence[str], candidates: Sequence[str]) -> Iterator[Any]:
    """These columns of a stage's answers and of their candidates, as Arrow batches. Raises InputError as
    `parquet.read_batches` does."""
    nested = [f"candidates.list.element.{name}" for name in candidates]
    return parquet.read_batches(folder / FILE, [*columns, *nested], rows=BATCH)


def read_all(folder: Path) -> Iterator[Any]:
    """All columns of a stage's answers as Arrow batches. Raises InputError as `parquet.read_batches` does."""
    return parquet.read_batches(folder / FILE, schema().names, rows=LONG_BATCH)


def read_problem(folder: Path, problem: str) -> list[dict[str, Any]]:
    """Every answer to one problem with all columns of the file, in file order."""
    found: list[dict[str, Any]] = parquet.read_table(
        folder / FILE, [("problem_id", "=", problem)]
    ).to_pylist()
    return found


def problem_ids(folder: Path) -> set[str]:
    """The ids of the problems that have answers."""
    return {row.problem_id for row in read_answers(folder, _Named)}


def problem_fields(task: str, cluster: str, problem: Problem) -> dict[str, Any]:
    """The columns about the problem, including the gold."""
    return {
        "task": task,
        "problem_id": problem.id,
        "cluster": cluster,
        "messages": _json(problem.messages),
        "gold": _json(problem.gold),
        "answerable": answerable(problem),
        "meta": _json({name: problem.meta[name] for name in META if name in problem.meta}),
    }


def strategy_fields(
    label: str, curve: str, kind: str, scorer: str, *, n: int, ceiling: bool
) -> dict[str, Any]:
    """The columns about the strategy."""
    names = {"strategy": label, "curve": curve, "kind": kind, "scorer": scorer}
    return {**names, "n": n, "ceiling": ceiling}


def answer_fields(answer: Answer, verdict: Verdict, candidates: Sequence[Verdict]) -> dict[str, Any]:
    """The columns of an answer, with one verdict per candidate."""
    return {
        "text": well_formed(answer.text),
        "value": None if answer.value is None else well_formed(answer.value),
        "correct": verdict.correct,
        "reason": well_formed(verdict.reason),
        "failed": False,
        "error": "",
        "confidence": answer.confidence,
        "abstained": answer.abstained or verdict.abstained,
        "trace": _json(dict(answer.trace)),
        "candidates": [_candidate(c, v) for c, v in zip(answer.candidates, candidates, strict=True)],
    }


def failed_fields(error: str) -> dict[str, Any]:
    """The columns of a failed answer: no verdict, and the traceback."""
    return {
        "text": "",
        "value": None,
        "correct": None,
        "reason": "there is no answer",
        "failed": True,
        "error": well_formed(error),
        "confidence": None,
        "abstained": False,
        "trace": "{}",
        "candidates": [],
    }


def cost_fields(outcome: Outcome[Any]) -> dict[str, Any]:
    """The cost columns and the seconds along the plan's critical path; None if unknown."""
    found = {name: getattr(outcome.cost, name) for name in COUNTS + REALS}
    found[LATENCY] = outcome.latency
    return {name: None if isnan(value) else value for name, value in found.items()}


def _characters(batch: Any) -> Iterator[int]:
    """For each row of a batch the characters of its answer and its candidates."""
    import pyarrow.compute as pc

    candidates = batch.column("candidates")
    each = iter(pc.utf8_length(candidates.flatten().field("text")).to_pylist())
    counts = candidates.value_lengths().to_pylist()
    for text, count in zip(pc.utf8_length(batch.column("text")).to_pylist(), counts, strict=True):
        yield text + sum(islice(each, count))


def _candidate(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    completion = candidate.completion
    return {
        "text": well_formed(candidate.text),
        "value": None if candidate.value is None else well_formed(candidate.value),
        "correct": verdict.correct,
        "score": candidate.score,
        "prompt_tokens": completion.usage.prompt_tokens,
        "completion_tokens": completion.usage.completion_tokens,
        "finish_reason": completion.finish_reason,
    }


def _json(value: Any) -> str:
    return well_formed(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))


def _having(keys: Container[tuple[str, str]], batch: Any) -> Any:
    """The rows of a batch whose (task, problem id) is one of these."""
    import pyarrow as pa

    names = (batch.column(name).to_pylist() for name in ("task", "problem_id"))
    return batch.filter(pa.array([pair in keys for pair in zip(*names, strict=True)], pa.bool_()))
