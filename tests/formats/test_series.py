"""series.bin gives back what was written, and nothing else."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.formats.parts.series import COLUMNS, FILE, SeriesHead, StoredSeries, read_series, write_series

HEAD = SeriesHead("tâche\n", "vote", "", 4, "derived", False, 2, 1, 0.1 + 0.2)


def series(columns: list[list[float]], head: SeriesHead = HEAD) -> StoredSeries:
    accuracy, *costs = (array("d", column) for column in columns)
    return StoredSeries(replace(head, size=len(accuracy)), accuracy, tuple(costs))


def columns_of(found: StoredSeries) -> list[bytes]:
    return [column.tobytes() for column in (found.accuracy, *found.costs)]


@given(
    st.lists(
        st.integers(0, 3).flatmap(
            lambda n: st.lists(
                st.lists(st.floats(), min_size=n, max_size=n), min_size=COLUMNS, max_size=COLUMNS
            )
        ),
        max_size=4,
    )
)
def test_every_number_comes_back(made: list[list[list[float]]]) -> None:
    written = [series(columns) for columns in made]
    with TemporaryDirectory() as name:
        write_series(written, Path(name))
        found = list(read_series(Path(name)))
    assert [one.head for one in found] == [one.head for one in written]
    assert list(map(columns_of, found)) == list(map(columns_of, written))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"byteorder": "middle"},
        {"costs": ["seconds"]},
        {"series": [{}]},
        {"series": "many"},
        {"series": []},
        {"more": 1, "series": None},
    ],
)
def test_another_file_is_an_error(changes: dict[str, object], tmp_path: Path) -> None:
    write_series([series([[0.5, 1.0]] * COLUMNS)], tmp_path)
    line, _, rest = (tmp_path / FILE).read_bytes().partition(b"\n")
    (tmp_path / FILE).write_bytes(json.dumps(json.loads(line) | changes).encode() + b"\n" + rest)
    with pytest.raises(ValueError):
        list(read_series(tmp_path))


@pytest.mark.parametrize("size", [-2, 1, 3, 1 << 62])
def test_a_size_that_is_not_that_of_the_file_is_an_error(size: int, tmp_path: Path) -> None:
    write_series([series([[0.5, 1.0]] * COLUMNS)], tmp_path)
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content.replace(b'"size": 2', f'"size": {size}'.encode()))
    with pytest.raises(ValueError):
        list(read_series(tmp_path))
