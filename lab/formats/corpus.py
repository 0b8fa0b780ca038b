"""data/train-*.parquet: a corpus, as Parquet shards that `datasets.load_dataset(folder)` and TRL can read.

A row is a prompt and what is to be learned about it, as lists of chat turns (TRL's conversational formats),
so that a trainer can mask the prompt. The shape determines the columns; it is stored in the files' metadata,
and is inferred from the columns of a corpus from elsewhere. Shards are written into a hidden folder, which is
renamed to `data/` when all of them are complete. The bytes depend only on the rows: no dates, fixed row
groups.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, Literal

from lab.core.types import Example, Message
from lab.errors import InputError
from lab.formats import audit, parquet

Shape = Literal["completion", "preference", "labelled", "steps"]
"""The format of a corpus's rows; SHAPES has the details."""


@dataclass(frozen=True, slots=True)
class CorpusShape:
    """`columns` are what is learned from, in the terms of TRL's trainers; the first one is the model's text.

    `holds` and `use` end the sentences "Each row has ..." and "For ..." of the dataset card.
    """

    columns: tuple[str, ...]
    holds: str
    use: str


SHAPES: dict[Shape, CorpusShape] = {
    "completion": CorpusShape(
        ("completion",),
        "a `prompt` and a `completion` as chat turns",
        "supervised fine-tuning: the `prompt` is given, the `completion` is learned",
    ),
    "preference": CorpusShape(
        ("chosen", "rejected"),
        "a `prompt`, a better reply (`chosen`) and a worse one (`rejected`) as chat turns",
        "preference learning (DPO, reward models): `chosen` is better than `rejected`",
    ),
    "labelled": CorpusShape(
        ("completion", "label"),
        "a `prompt` and a `completion` as chat turns, and a `label`: good or bad",
        "learning from labels (KTO): `label` says whether the `completion` is good",
    ),
    "steps": CorpusShape(
        ("completions", "labels"),
        "a `prompt` as chat turns, the solution divided into steps (`completions`), and "
        "a number for each step (`labels`)",
        "process reward models: each step of `completions` has a number in `labels`",
    ),
}
Kind = Literal["turns", "bool", "texts", "numbers"]
VALUES: dict[str, tuple[Kind, Callable[[Example], Any]]] = {
    "completion": ("turns", lambda example: example.completion),
    "chosen": ("turns", lambda example: example.completion),
    "rejected": ("turns", lambda example: example.rejected),
    "label": ("bool", lambda example: example.label),
    "completions": ("texts", lambda example: list(example.steps)),
    "labels": ("numbers", lambda example: list(example.step_labels)),
}
"""Column -> its content, and where an example has it. Turns are the assistant's: one, with that text."""
FOLDER, SHARDS = "data", "data/train-*.parquet"
NO_CORPUS = f"it has no {SHARDS}"
ROWS_PER_GROUP, ROWS_PER_SHARD = 1_000, 50_000
_SHAPE = b"lab.shape"
"""Key in the files' metadata."""


def schema(shape: Shape = "completion") -> Any:
    """The Arrow schema of a corpus of this shape."""
    import pyarrow as pa

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    texts, numbers = pa.list_(pa.string()), pa.list_(pa.float32())
    kinds: dict[Kind, Any] = {"turns": turns, "bool": pa.bool_(), "texts": texts, "numbers": numbers}
    columns = [("problem_id", pa.string()), ("task", pa.string()), ("prompt", turns)]
    columns += [(name, kinds[VALUES[name][0]]) for name in SHAPES[shape].columns]
    columns += [("answer", pa.string()), ("meta", pa.string())]
    columns += [("prompt_tokens", pa.int32()), ("completion_tokens", pa.int32())]
    return pa.schema(columns, metadata={_SHAPE: shape.encode()})


def columns_of(shape: Shape) -> tuple[str, ...]:
    """The columns that a trainer reads from a row of this shape."""
    return ("prompt", *SHAPES[shape].columns)


def replies_of(shape: Shape) -> tuple[str, ...]:
    """The columns of this shape that contain chat turns of the assistant."""
    return tuple(name for name in SHAPES[shape].columns if VALUES[name][0] == "turns")


def learned(example: Example, shape: Shape) -> dict[str, Any]:
    """The shape's columns of an example. Raises ValueError if the example lacks what its shape needs."""
    found = {name: VALUES[name][1](example) for name in SHAPES[shape].columns}
    lists = {len(value) for value in found.values() if isinstance(value, list)}
    if None in found.values() or 0 in lists or len(lists) > 1:
        raise ValueError(
            f"an example of problem '{example.problem_id}' lacks a field that the shape '{shape}' needs"
        )
    for name in replies_of(shape):
        found[name] = [Message(role="assistant", content=found[name])]
    return found


class CorpusWriter:
    """Writes `folder`/data; nothing is there until `commit`. Memory: one row group."""

    def __init__(
        self, folder: Path, *, shape: Shape = "completion", rows_per_shard: int = ROWS_PER_SHARD
    ) -> None:
        self.shape = shape
        self._folder, self._hidden = folder / FOLDER, folder / f".{FOLDER}.tmp"
        self._rows_per_shard, self._in_shard, self._shards = rows_per_shard, 0, 0
        self._writer: parquet.ParquetWriter[Mapping[str, Any]] | None = None
        for leftover in (self._hidden, self._folder):
            shutil.rmtree(leftover, ignore_errors=True)
        self._hidden.mkdir(parents=True)

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.__exit__(*error)
        shutil.rmtree(self._hidden, ignore_errors=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Appends one row, column -> value."""
        self._shard().add(row)
        self._count(1)

    def absorb(self, batches: Iterable[Any]) -> None:
        """Appends the rows of Arrow batches in this schema, with the same bytes."""
        for batch in batches:
            start = 0
            while start < batch.num_rows:
                piece = batch.slice(start, self._rows_per_shard - self._in_shard)
                self._shard().absorb([piece], repeat((1, 0), piece.num_rows))
                self._count(piece.num_rows)
                start += piece.num_rows

    def _shard(self) -> parquet.ParquetWriter[Mapping[str, Any]]:
        """The writer of the current shard."""
        if self._writer is None:
            path = self._hidden / shard_name(self._shards)
            self._writer = parquet.ParquetWriter(path, schema(self.shape), rows=ROWS_PER_GROUP)
            self._writer.__enter__()
        return self._writer

    def _count(self, rows: int) -> None:
        self._in_shard += rows
        if self._in_shard == self._rows_per_shard:
            self._finish_shard()

    def commit(self) -> None:
        """Finishes the last shard and gives the folder its name."""
        self._finish_shard()
        self._hidden.rename(self._folder)

    def _finish_shard(self) -> None:
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
            self._writer, self._in_shard, self._shards = None, 0, self._shards + 1


def shard_name(number: int) -> str:
    """A shard's name within FOLDER."""
    return f"train-{number:05d}.parquet"


def shards_in(folder: Path) -> list[Path]:
    """The shards of a folder in order; [] if it is not a corpus."""
    return sorted(folder.expanduser().glob(SHARDS))


def shards_of(folder: Path) -> list[Path]:
    """The same. Raises InputError if it is not a corpus."""
    if found := shards_in(folder):
        return found
    raise InputError(f"this folder is not a corpus: {NO_CORPUS}", where=str(folder))


def checked_shards(folder: Path, reads: Sequence[Shape]) -> tuple[list[Path], Shape]:
    """The shards of a corpus and its shape, one of `reads`, checked without reading their rows.

    Raises InputError if there is none, if one is damaged, if a column is missing, if the shape is another
    one, or if there are no rows.
    """
    shards = shards_of(folder)
    rows, shapes = 0, list[Shape]()
    for shard in shards:
        file = _open(shard)
        shapes.append(_shape(shard, file.schema_arrow, reads))
        rows += file.metadata.num_rows
    if len(set(shapes)) > 1:
        raise InputError(
            f"the corpus files have different shapes: {', '.join(sorted(set(shapes)))}", where=str(folder)
        )
    if not rows:
        message = f"the corpus has no examples (its {audit.FILE} says which filter dropped them)"
        raise InputError(message, where=str(folder))
    return shards, shapes[0]


def read_corpus(shards: Sequence[Path], shape: Shape) -> Any:
    """The rows in file order as an Arrow table: the shape's columns, and problem_id if all files have it.

    Memory: all rows.
    """
    import pyarrow as pa

    known = ["problem_id"] if all("problem_id" in column_names(shard) for shard in shards) else []
    tables = [parquet.read_table(shard, columns=[*columns_of(shape), *known]) for shard in shards]
    return pa.concat_tables([table.replace_schema_metadata(None) for table in tables])


def column_names(shard: Path) -> list[str]:
    """The columns of a shard. Raises InputError if it is not a Parquet file."""
    names: list[str] = _open(shard).schema_arrow.names
    return names


def token_counts(shards: Sequence[Path]) -> tuple[int, int, int]:
    """(Rows, tokens of their prompts, tokens of what is learned) of a corpus with these columns."""
    rows = prompts = learned = 0
    for shard in shards:
        table = parquet.read_table(shard, columns=["prompt_tokens", "completion_tokens"])
        rows += table.num_rows
        prompts += sum(table["prompt_tokens"].to_pylist())
        learned += sum(table["completion_tokens"].to_pylist())
    return rows, prompts, learned


def _open(shard: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"cannot be read as Parquet ({error})", where=str(shard)) from None


def _shape(shard: Path, schema: Any, reads: Sequence[Shape]) -> Shape:
    """The shape of one file. Raises InputError if it is not one of `reads`."""
    told = (schema.metadata or {}).get(_SHAPE, b"").decode()
    shown = [shape for shape in reversed(SHAPES) if set(columns_of(shape)) <= set(schema.names)]
    found = next((shape for shape in SHAPES if shape == told), shown[0] if shown else None)
    if found in shown and found in reads:
        return found
    if found in shown:
        raise InputError(
            f"the examples are of shape {found}; this trainer needs {' or '.join(reads)}", where=str(shard)
        )
    wanted = columns_of(reads[0])
    absent = next(name for name in wanted if name not in schema.names)
    raise InputError(
        f"there is no column '{absent}'; the columns are {', '.join(schema.names)}", where=str(shard)
    )
