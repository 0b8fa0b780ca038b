"""Rows that were written before are cut again into the row groups of one writer, with the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.formats.parquet import ParquetWriter, read_batches, schema_of


@dataclass
class Inner:
    text: str
    score: float | None


@dataclass
class Outer:
    name: str
    number: float | None
    inner: list[Inner]


Unit = list[dict[str, Any]]
TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
NUMBER = st.none() | st.floats()
INNER = st.fixed_dictionaries({"text": TEXT, "score": NUMBER})
ROW = st.fixed_dictionaries({"name": TEXT, "number": NUMBER, "inner": st.lists(INNER, max_size=3)})
UNITS = st.lists(st.lists(ROW, max_size=3), max_size=12)


def writer(path: Path, rows: int, size: int | None) -> ParquetWriter[dict[str, Any]]:
    return ParquetWriter(path, schema_of(Outer), rows=rows, size=size)


def length(unit: Unit) -> int:
    return sum(len(row["name"]) for row in unit)


def write(path: Path, units: list[Unit], rows: int, size: int | None) -> None:
    with writer(path, rows, size) as out:
        for unit in units:
            out.extend(unit, length(unit))


def batches(path: Path, rows: int) -> Iterator[Any]:
    return read_batches(path, schema_of(Outer).names, rows=rows)


@given(UNITS, st.integers(1, 5), st.none() | st.integers(1, 9), st.integers(1, 12), st.integers(1, 6))
def test_parts_have_the_bytes_of_one_file(
    units: list[Unit], rows: int, size: int | None, cut: int, batch: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "one", units, rows, size)
        with writer(folder / "joined", rows, size) as out:
            for start in range(0, len(units), cut):
                part = units[start : start + cut]
                write(folder / "part", part, rows=3, size=None)
                out.absorb(batches(folder / "part", batch), ((len(u), length(u)) for u in part))
        assert (folder / "joined").read_bytes() == (folder / "one").read_bytes()


@pytest.mark.parametrize(("units", "message"), [([1], "more rows"), ([2, 2], "fewer rows")])
def test_other_rows_than_expected_are_an_error(units: list[int], message: str, tmp_path: Path) -> None:
    row = {"name": "a", "number": None, "inner": []}
    write(tmp_path / "part", [[row], [row], [row]], rows=2, size=None)
    with pytest.raises(ValueError, match=message), writer(tmp_path / "out", 5, None) as out:
        out.absorb(batches(tmp_path / "part", 1), ((count, 0) for count in units))
    assert not (tmp_path / "out").exists()
