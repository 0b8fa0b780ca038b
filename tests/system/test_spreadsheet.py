"""CSV that opens in spreadsheets: no cell runs, no number changes, and programs read what was written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.system.spreadsheet import Records, Writer, neutral


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["-0.5", "+3", "-1e-05", "a=b", "", 3, -2.5, None, "'quoted'", "-inf"])
def test_numbers_and_other_texts_stay(cell: object) -> None:
    assert neutral(cell) == cell


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), min_size=2, max_size=2))
def test_programs_read_what_was_written(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    Writer(out).writerows([["a", "b"], cells])
    (row,) = Records(io.StringIO(out.getvalue(), newline=""))
    assert list(row.values()) == cells
    shown = list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1]
    assert all(neutral(cell) == cell for cell in shown)
