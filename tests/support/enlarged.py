"""A finished evaluate stage made as large as one likes: its problems again and again, under new names.

Evaluating 20,000 problems takes minutes even on the fake engine; what a report costs depends only on the
files, so these are written from those of a small run. Every copy of a problem has its own id and cluster, and
its own text behind every sample (strategies that share a sample go on sharing it).
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

WORDS = [
    "so",
    "then",
    "we",
    "add",
    "take",
    "carry",
    "both",
    "sides",
    "again",
    "and",
    "find",
    "that",
    "this",
    "must",
    "be",
    "what",
    "was",
    "asked",
    "here",
]


def enlarge(stage: Path, target: Path, copies: int) -> None:
    """Write the files of `stage` to `target` with `copies` times as many problems."""
    target.mkdir(parents=True)
    _answers(stage / "answers.parquet", target / "answers.parquet", copies)
    _outcomes(stage / "outcomes.parquet", target / "outcomes.parquet", copies)
    with (stage / "points.csv").open(newline="") as old, (target / "points.csv").open("w", newline="") as new:
        reader = csv.DictReader(old)
        writer = csv.DictWriter(new, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows({**row, "problems": int(row["problems"]) * copies} for row in reader)


def _answers(path: Path, target: Path, copies: int) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    with pq.ParquetWriter(target, table.schema, compression="zstd") as writer:
        for copy in range(copies):
            writer.write_table(_renamed(table, copy), row_group_size=512)


def _renamed(table: Any, copy: int) -> Any:
    """One copy of answers.parquet's table; a candidate's text is found in its answer's as before."""
    import pyarrow as pa

    table = table.combine_chunks()
    words = random.Random(copy).choices(WORDS, k=50)
    columns = {name: table.column(name) for name in table.column_names}
    for name in ("problem_id", "cluster"):
        columns[name] = _with(columns[name], f"-{copy}")
    columns["text"] = _with(columns["text"], " ".join(["", *words]))
    nested = columns["candidates"].combine_chunks()
    flat = nested.values
    fields = [flat.field(i) for i in range(flat.type.num_fields)]
    at = flat.type.get_field_index("text")
    fields[at] = _with(fields[at], " ".join(["", *words]))
    again = pa.StructArray.from_arrays(fields, fields=list(flat.type))
    columns["candidates"] = pa.ListArray.from_arrays(nested.offsets, again)
    return pa.table(columns, schema=table.schema)


def _with(texts: Any, suffix: str) -> Any:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(texts, suffix, "")


def _outcomes(path: Path, target: Path, copies: int) -> None:
    """Whole points, one after the other, each over all copies: the order in which a stage writes them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file, pq.ParquetWriter(target, file.schema_arrow) as writer:
        for number in range(file.num_row_groups):
            point = file.read_row_group(number)
            groups = pc.max(point.column("cluster")).as_py() + 1
            ids, clusters = (point.schema.get_field_index(name) for name in ("problem_id", "cluster"))
            parts = [
                point.set_column(ids, "problem_id", _with(point.column(ids), f"-{copy}")).set_column(
                    clusters, point.schema.field(clusters), pc.add(point.column(clusters), copy * groups)
                )
                for copy in range(copies)
            ]
            writer.write_table(pa.concat_tables(parts).combine_chunks())
