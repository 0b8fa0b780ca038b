"""The corpus on disk: Parquet shards that `datasets.load_dataset(folder)` and TRL's trainers read.

A row is a prompt and a completion as lists of chat turns (TRL's conversational prompt-completion format),
so that a trainer can mask the prompt. Shards are written into a hidden folder that becomes `data/` in one
rename when all of them are whole. The bytes depend on the rows alone: no dates, fixed row groups.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from data_gen.drafts import Draft
from lab.core.files import canonical_json
from lab.core.types import Message

ROWS_PER_GROUP = 1_000
ROWS_PER_SHARD = 50_000


def schema() -> Any:
    """The Arrow schema of a corpus."""
    import pyarrow as pa

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return pa.schema(
        [
            ("problem_id", pa.string()),
            ("task", pa.string()),
            ("prompt", turns),
            ("completion", turns),
            ("answer", pa.string()),
            ("meta", pa.string()),
            ("prompt_tokens", pa.int32()),
            ("completion_tokens", pa.int32()),
        ]
    )


def row_of(draft: Draft) -> dict[str, Any]:
    """A kept draft as a row; `answer` is the checker's canonical answer ("" if unparsed), `meta` is JSON.

    Of the problem's own meta, a gold `solution` is left out: a corpus holds what the model wrote.
    """
    known = {key: value for key, value in draft.problem.meta.items() if key != "solution"}
    return {
        "problem_id": draft.problem.id,
        "task": draft.task,
        "prompt": [Message(role=m["role"], content=m["content"]) for m in draft.example.prompt],
        "completion": [Message(role="assistant", content=draft.text)],
        "answer": draft.verdict.value or "",
        "meta": canonical_json({**draft.example.meta, "correct": draft.verdict.correct, "problem": known}),
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.completion_tokens,
    }


class Corpus:
    """Writes `folder`/train-00000.parquet and so on; nothing is there until `commit`. Memory: a row group."""

    def __init__(self, folder: Path, *, rows_per_shard: int = ROWS_PER_SHARD) -> None:
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
        self._rows.append(row_of(draft))
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
            self._writer = pq.ParquetWriter(self._path, schema(), compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=schema()))
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
