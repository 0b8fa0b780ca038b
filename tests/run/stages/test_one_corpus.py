"""Several corpora are trained on as one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lab.errors import InputError
from lab.run.stages.one_corpus import as_one


def corpus(folder: Path, columns: dict[str, list[int]], shards: int = 1) -> Path:
    (folder / "data").mkdir(parents=True)
    for number in range(shards):
        pq.write_table(pa.table(columns), folder / "data" / f"train-{number:05d}.parquet")
    return folder


def test_one_corpus_stays_where_it_is(tmp_path):
    only = corpus(tmp_path / "a", {"x": [1]})
    assert as_one([only], tmp_path / "out") == only
    assert not (tmp_path / "out").exists()


def test_several_become_one_in_order_again_and_again(tmp_path):
    a, b = corpus(tmp_path / "a", {"x": [1]}, shards=2), corpus(tmp_path / "b", {"x": [7, 8]})
    for _ in range(2):
        one = as_one([a, b], tmp_path / "out")
        found = [pq.read_table(p)["x"].to_pylist() for p in sorted(one.glob("data/*.parquet"))]
        assert found == [[1], [1], [7, 8]]


def test_shapes_must_agree(tmp_path):
    a, b = corpus(tmp_path / "a", {"x": [1]}), corpus(tmp_path / "b", {"x": [1], "label": [1]})
    with pytest.raises(InputError, match="columns x, label"):
        as_one([a, b], tmp_path / "out")
