"""Every kind of cell in every kind of file and column: asked right, or refused with file, row and column."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lab.errors import InputError
from lab.tasks import Jsonl
from lab.tasks.jsonl import Columns
from lab.tasks.rows.cells import missing

Table = Mapping[str, list[Any]]


def jsonl(path: Path, table: Table) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows_of(table)))


def as_list(path: Path, table: Table) -> None:
    path.write_text(json.dumps(rows_of(table)))


def separated(path: Path, table: Table) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(table)
        writer.writerows([["" if missing(v) else v for v in row.values()] for row in rows_of(table)])


def parquet(path: Path, table: Table) -> None:
    import pyarrow as pa
    from pyarrow import parquet as file

    file.write_table(pa.table({name: pa.array(cells) for name, cells in table.items()}), path)


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


TEXT: dict[str, Callable[[Path, Table], None]] = {"csv": separated, "tsv": separated}
TYPED: dict[str, Callable[[Path, Table], None]] = {"jsonl": jsonl, "json": as_list, "parquet": parquet}
FORMS = TEXT | TYPED
COLUMNS = ("question", "context", "answer", "id")

ASKED: list[tuple[str, Any, Any, str]] = [
    # what it is, the cell of the first row, that of the second, as the first is written
    ("text", "a b", "c", "a b"),
    ("a quote, a tab and a line", 'a "b"\tc\nd', "c", 'a "b"\tc\nd'),
    ("the word None", "None of them", "c", "None of them"),
    ("whole", 5, 6, "5"),
    ("a fraction", 5.5, 6.0, "5.5"),
    ("large", 2**62, 1, str(2**62)),
    ("a long field", "x" * 140_000, "c", "x" * 140_000),
    ("emoji", "😀", "c", "😀"),
]
ONLY_TYPED = [("true", True, False, "true"), ("false", False, True, "false")]
ONLY_PARQUET: list[tuple[str, Any, Any, str]] = [
    ("whole floats", 5.0, 6.0, "5"),
    ("a date", dt.date(2026, 1, 31), dt.date(2026, 2, 1), "2026-01-31"),
    ("a time", dt.datetime(2026, 1, 31, 12), dt.datetime(2026, 2, 1), "2026-01-31 12:00:00"),
    ("a decimal", Decimal("5.50"), Decimal("1.25"), "5.50"),
    ("bytes", "ä".encode(), b"c", "ä"),
]
REFUSED: list[tuple[str, Any]] = [
    ("null", None),
    ("nothing", ""),
    ("blank", "   "),
    ("not a number", float("nan")),
]
REFUSED_TYPED = [("a mapping", {"a": "b"}), ("infinite", float("inf"))]


def read(path: Path, column: str, first: Any, second: Any) -> tuple[list[Any], list[str]]:
    """(what is asked and the gold of two rows, the ids), with the cells in a column."""
    table = {"question": ["q1?", "q2?"], "context": ["c1", "c2"], "answer": ["Ann", "Bo"], "id": ["1", "2"]}
    FORMS[path.suffix[1:]](path, table | {column: [first, second]})
    task = Jsonl(
        test=str(path), prompt="<{context}|{question}>", columns=Columns(id="id"), instruction="", few_shot=0
    )
    problems = task.problems("test")
    return [(p.messages[-1]["content"], p.gold) for p in problems], [p.id for p in problems]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(
    ("form", "first", "second", "written"),
    [
        pytest.param(form, *case[1:], id=f"{form}-{case[0]}")
        for form in FORMS
        for case in (*ASKED, *(ONLY_TYPED * (form in TYPED)), *(ONLY_PARQUET * (form == "parquet")))
    ],
)
def test_a_cell_is_asked_as_it_is(
    form: str, column: str, first: Any, second: Any, written: str, tmp_path: Path
) -> None:
    if column == "answer" and ("\n" in written or len(written) > 1000):
        with pytest.raises(InputError, match=rf"own\.{form}.*[12]\)?: .*own checker"):
            read(tmp_path / f"own.{form}", column, first, second)
        return
    asked, ids = read(tmp_path / f"own.{form}", column, first, second)
    if column == "answer":
        assert str(asked[0][1]).lower() == written.lower()
    elif column == "id":
        assert ids[0].endswith(f"/{written}")
    else:
        assert asked[0][0] == (f"<{written}|q1?>" if column == "context" else f"<c1|{written}>")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(
    ("form", "cell"),
    [
        pytest.param(form, cell, id=f"{form}-{name}")
        for form in FORMS
        for name, cell in (*REFUSED, *(REFUSED_TYPED * (form in TYPED)))
    ],
)
def test_a_cell_that_says_nothing_is_refused_with_its_place(
    form: str, column: str, cell: Any, tmp_path: Path
) -> None:
    if column == "context" and (cell == "" or form in TEXT):
        assert read(tmp_path / f"own.{form}", column, "", "one")[0][0][0] == "<|q1?>"  # empty text is text
        return
    first: Any = {"a": "x"} if isinstance(cell, dict) else 1.5 if isinstance(cell, float) else "one"
    with pytest.raises(InputError, match=rf"own\.{form}.*[12]\)?:? .*'{column}'"):
        read(tmp_path / f"own.{form}", column, cell, first)


@pytest.mark.parametrize("form", ["jsonl", "json"])
@pytest.mark.parametrize("column", COLUMNS)
def test_half_a_character_is_refused_with_its_place(form: str, column: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"own\.{form}.*'{column}'.*surrogate"):
        read(tmp_path / f"own.{form}", column, "half \ud83d", "b")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"own\.parquet \(row 1\): .*'question'.*bytes that are not UTF-8"):
        read(tmp_path / "own.parquet", "question", b"\xff\xfe", b"a")


def test_whole_floats_in_lists_are_whole(tmp_path: Path) -> None:
    parquet(tmp_path / "own.parquet", {"question": ["a?", "b?"], "answer": [[5.0, 6.0], [7.0]]})
    golds = [p.gold for p in Jsonl(test=str(tmp_path / "own.parquet")).problems("test")]
    assert golds == [["5", "6"], ["7"]]


@pytest.mark.parametrize("suffix", [".xlsx", ".arrow", ".txt"])
def test_other_files_are_refused_and_the_known_ones_named(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"own{suffix}").write_bytes(b"PK")
    with pytest.raises(InputError, match=rf"cannot read '\{suffix}' files; expected .*\.parquet"):
        Jsonl(test=str(tmp_path / f"own{suffix}")).problems("test")
