"""A corpus on disk as the dataset that TRL trains on.

A corpus has a shape, written in its Parquet metadata; one from elsewhere has the shape its columns show.
Conversations stay conversations where the model has a chat template. A base model without one gets the
same plain transcript the engines show it (see lab.engine.chat), so that training and use look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from lab.engine.chat import plain_transcript
from lab.errors import InputError

Shape = Literal["completion", "preference", "labelled", "steps"]

COLUMNS: dict[Shape, tuple[str, ...]] = {
    "completion": ("prompt", "completion"),
    "preference": ("prompt", "chosen", "rejected"),
    "labelled": ("prompt", "completion", "label"),
    "steps": ("prompt", "completions", "labels"),
}
"""Shape -> what a trainer reads of it."""
_REPLIES = ("completion", "chosen", "rejected")
_KEY = b"lab.shape"


def shards_of(corpus: Path, reads: Sequence[str]) -> tuple[list[Path], Shape]:
    """The Parquet files of a corpus and its shape, one of `reads`, checked without reading their rows.

    Raises InputError when there is none, one is damaged, a column is missing, the shape is another one, or
    there is not one row.
    """
    shards = sorted(corpus.expanduser().glob("data/train-*.parquet"))
    if not shards:
        raise InputError("this folder is not a corpus: it has no data/train-*.parquet", where=str(corpus))
    rows, shapes = 0, list[Shape]()
    for shard in shards:
        file = _open(shard)
        shapes.append(_shape(shard, file.schema_arrow, reads))
        rows += file.metadata.num_rows
    if len(set(shapes)) > 1:
        raise InputError(
            f"the corpus files have different shapes: {', '.join(sorted(set(shapes)))}", where=str(corpus)
        )
    if not rows:
        message = "the corpus has no examples (its audit.json says which filter dropped them)"
        raise InputError(message, where=str(corpus))
    return shards, shapes[0]


def _open(shard: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"cannot be read as Parquet ({error})", where=str(shard)) from None


def _shape(shard: Path, schema: Any, reads: Sequence[str]) -> Shape:
    """The shape of one file. Raises InputError when it is not one of `reads`."""
    told = (schema.metadata or {}).get(_KEY, b"").decode()
    shown = [shape for shape, columns in reversed(COLUMNS.items()) if set(columns) <= set(schema.names)]
    found: str = told if told in get_args(Shape) else shown[0] if shown else ""
    if found in reads and found in shown:
        return found
    if found and found in shown:
        raise InputError(
            f"the examples are of shape {found}; this trainer needs {' or '.join(reads)}", where=str(shard)
        )
    wanted = COLUMNS[reads[0]]  # type: ignore[index]
    absent = next(name for name in wanted if name not in schema.names)
    raise InputError(
        f"there is no column '{absent}'; the columns are {', '.join(schema.names)}", where=str(shard)
    )


def read(shards: list[Path], shape: Shape) -> Any:
    """The rows in file order as a pyarrow Table: the shape's columns, and problem_id where it is known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = [set(pq.read_schema(shard).names) for shard in shards]
    columns = [*COLUMNS[shape], *(["problem_id"] if all("problem_id" in names for names in known) else [])]
    tables = [pq.read_table(shard, columns=columns) for shard in shards]
    return pa.concat_tables([table.replace_schema_metadata(None) for table in tables])


def as_dataset(table: Any, shape: Shape, *, plain: bool) -> Any:
    """A datasets.Dataset with the shape's columns; `plain`: conversations become plain text."""
    from datasets import Dataset

    table = table.select(list(COLUMNS[shape]))
    if not plain:
        return Dataset(table)
    return Dataset.from_list([_plain(row) for row in table.to_pylist()])


def turns_of(said: Any, role: str) -> list[Any]:
    """A conversation as turns; in a corpus from elsewhere it may be one text, of this role."""
    return [{"role": role, "content": said}] if isinstance(said, str) else list(said)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its conversations as text."""
    prompt = plain_transcript(tuple((turn["role"], turn["content"]) for turn in row["prompt"]))
    replies = {n: "".join(turn["content"] for turn in row[n]) for n in _REPLIES if n in row}
    return {**row, "prompt": prompt, **replies}
