"""The corpus on disk: Parquet shards that `datasets.load_dataset(folder)` and TRL's trainers read.

A row is a prompt and what is to be learned about it, as lists of chat turns (TRL's conversational formats),
so that a trainer can mask the prompt; its shape says which columns there are. Shards are written into a
hidden folder that becomes `data/` in one rename when all of them are whole. The bytes depend on the rows
alone: no dates, fixed row groups.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from data_gen.drafts import Draft, written_meta
from data_gen.methods.base import Shape
from lab.core.types import Example, Message
from lab.system.files import canonical_json

ROWS_PER_GROUP = 1_000
ROWS_PER_SHARD = 50_000
SHAPE = b"lab.shape"
"""Key of a shard's schema metadata under which its shape stands."""


def schema(shape: Shape = "completion") -> Any:
    """The Arrow schema of a corpus of this shape; the columns are those TRL's trainers know."""
    import pyarrow as pa

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    learned: dict[Shape, list[tuple[str, Any]]] = {
        "completion": [("completion", turns)],
        "preference": [("chosen", turns), ("rejected", turns)],
        "labelled": [("completion", turns), ("label", pa.bool_())],
        "steps": [("completions", pa.list_(pa.string())), ("labels", pa.list_(pa.float32()))],
    }
    columns = [("problem_id", pa.string()), ("task", pa.string()), ("prompt", turns), *learned[shape]]
    columns += [("answer", pa.string()), ("meta", pa.string())]
    columns += [("prompt_tokens", pa.int32()), ("completion_tokens", pa.int32())]
    return pa.schema(columns, metadata={SHAPE: shape.encode()})


def row_of(draft: Draft, shape: Shape = "completion") -> dict[str, Any]:
    """A kept draft as a row; `answer` is the checker's canonical answer ("" if unparsed), `meta` is JSON.

    Of the problem's own meta, a gold `solution` and a document's text are left out: a corpus holds what the
    model wrote and names where it came from.
    """
    known = written_meta(draft.problem)
    return {
        "problem_id": draft.problem.id,
        "task": draft.task,
        "prompt": [Message(role=m["role"], content=m["content"]) for m in draft.example.prompt],
        **_learned(draft.example, shape),
        "answer": draft.verdict.value or "",
        "meta": canonical_json({**draft.example.meta, "correct": draft.verdict.correct, "problem": known}),
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.completion_tokens,
    }


def _learned(example: Example, shape: Shape) -> dict[str, Any]:
    """The columns a trainer learns from. Raises ValueError when the example lacks what its shape needs."""
    reply = [Message(role="assistant", content=example.completion)]
    if shape == "completion":
        return {"completion": reply}
    if shape == "labelled" and example.label is not None:
        return {"completion": reply, "label": example.label}
    if shape == "preference" and example.rejected is not None:
        return {"chosen": reply, "rejected": [Message(role="assistant", content=example.rejected)]}
    if shape == "steps" and example.steps and len(example.steps) == len(example.step_labels):
        return {"completions": list(example.steps), "labels": list(example.step_labels)}
    raise ValueError(
        f"an example of problem '{example.problem_id}' lacks a field that the shape '{shape}' needs"
    )


class Corpus:
    """Writes `folder`/train-00000.parquet and so on; nothing is there until `commit`. Memory: a row group."""

    def __init__(
        self, folder: Path, *, shape: Shape = "completion", rows_per_shard: int = ROWS_PER_SHARD
    ) -> None:
        self._shape, self._schema = shape, schema(shape)
        self._folder, self._hidden = folder, folder.parent / f".{folder.name}.tmp"
        self._rows_per_shard = rows_per_shard
        self._rows: list[dict[str, Any]] = []
        self._writer: Any = None
        self._path = self._hidden
        self._in_shard = self._shards = 0
        for leftover in (self._hidden, folder):
            shutil.rmtree(leftover, ignore_errors=True)
        self._hidden.mkdir(parents=True)

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()
        shutil.rmtree(self._hidden, ignore_errors=True)

    def add(self, draft: Draft) -> None:
        """Append one example."""
        self._rows.append(row_of(draft, self._shape))
        self._in_shard += 1
        full = self._in_shard == self._rows_per_shard
        if full or len(self._rows) == ROWS_PER_GROUP:
            self._flush()
        if full:
            self._finish_shard()

    def commit(self) -> None:
        """Finish the last shard and give the folder its name."""
        self._flush()
        self._finish_shard()
        self._hidden.rename(self._folder)

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._rows:
            return
        if self._writer is None:
            self._path = self._hidden / f"train-{self._shards:05d}.parquet"
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def _finish_shard(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        with self._path.open("rb") as written:
            os.fsync(written.fileno())
        self._shards += 1
        self._in_shard = 0
