"""What stands in a cell is asked as it is, or refused with file, line and column: never the text "None" or
"nan"."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from lab.core.types import Problem
from lab.errors import InputError
from lab.tasks import Jsonl, Task
from lab.tasks.checkers import Choice
from lab.tasks.checkers.verdicts import judge

GOOD = {"question": "Who?", "answer": "Ann", "context": "c", "choices": ["Ann", "Bo"], "list": ["x"]}


def task(path: Path, **options: Any) -> Jsonl:
    made: Jsonl = TypeAdapter(Task).validate_python({"kind": "jsonl", "test": str(path), **options})
    return made


def asked(path: Path, rows: list[Any], **options: Any) -> list[Problem]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task(path, **options).problems("test")


CHOICES = {
    "columns": {"choices": "choices"},
    "checker": {"kind": "choice"},
    "prompt": "{question}\n{choices}",
}
BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"question": None}, {}, r"prompt \{question\}: the cell in column 'question' is empty"),
    ({"question": "  "}, {}, "column 'question' is empty"),
    ({"question": float("nan")}, {}, "column 'question' is empty"),
    ({"question": {"a": 1}}, {}, "column 'question': expected text or a number, found a mapping"),
    ({"question": "half \ud83d"}, {}, "column 'question': invalid character at position 6 .*ud83d"),
    (
        {"context": None},
        {"prompt": "{context} {question}"},
        r"prompt \{context\}: the cell in column 'context'",
    ),
    ({"context": float("nan")}, {"prompt": "{context} {question}"}, "column 'context' is empty"),
    ({"answer": None}, {}, r"the answer \(column 'answer'\) is empty"),
    ({"answer": float("nan")}, {}, "is empty"),
    ({"answer": "   "}, {}, "is empty"),
    ({"answer": []}, {}, "is empty"),
    ({"answer": [None]}, {}, "columns.answer, column 'answer', entry 1: it is empty"),
    ({"answer": ["Ann", float("nan")]}, {}, "entry 2: it is empty"),
    ({"answer": {"text": "Ann"}}, {}, "column 'answer': expected text or a number, found a mapping"),
    ({"answer": "\udc00"}, {}, "invalid character"),
    ({"choices": ["Ann", None]}, CHOICES, "column 'choices', entry 2: it is empty"),
    ({"choices": None}, CHOICES, "expected 2 to 26 choices, found 0"),
    ({"choices": {"text": ["Ann"]}}, CHOICES, "column 'choices': expected a list, .*found a mapping"),
    ({"id": None}, {"columns": {"id": "id"}}, "columns.id: the cell in column 'id' is empty"),
    ({"more": [None]}, {"columns": {"aliases": "more"}}, "column 'more', entry 1: it is empty"),
    ({"known": None}, {"columns": {"answerable": "known"}}, "columns.answerable: the cell is empty"),
]


@pytest.mark.parametrize(("changed", "options", "message"), BAD)
def test_a_cell_that_holds_nothing_sayable_is_refused(
    changed: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    extra = dict.fromkeys(("id", "more", "known"), "1")
    with pytest.raises(InputError, match=rf"own\.jsonl:2: .*{message}"):
        asked(
            tmp_path / "own.jsonl",
            [GOOD | extra, GOOD | {"question": "b"} | extra | {"id": "2"} | changed],
            **options,
        )


def test_optional_cells_may_be_empty_and_numbers_are_written_as_they_are(tmp_path: Path) -> None:
    rows = [{"question": 3, "context": "", "answer": 4, "pair": None, "why": None, "family": float("nan")}]
    columns = {"pair": "pair", "solution": "why", "family": "family", "aliases": "why"}
    (problem,) = asked(tmp_path / "own.jsonl", rows, prompt="{context}{question}+1?", columns=columns)
    assert problem.messages[-1]["content"].startswith("3+1?")
    assert problem.gold == [4]
    assert problem.meta["family"] == "own"
    assert not {"pair", "solution"} & {*problem.meta}
    rows = [{"question": True, "context": ["a", 2], "answer": "x"}]
    (problem,) = asked(tmp_path / "own.jsonl", rows, prompt="{context}: {question}")
    assert problem.messages[-1]["content"].startswith("a, 2: true")


def test_whole_numbers_that_parquet_made_floats_are_whole_again(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = {"question": [1.0, 2.0], "answer": [3.0, 4.0], "share": [0.5, float("nan")]}
    parquet.write_table(pa.table(table), tmp_path / "own.parquet")
    own = task(tmp_path / "own.parquet", prompt="{question} and two?", checker={"kind": "text"})
    assert [(p.messages[-1]["content"].split("?")[0], p.gold) for p in own.problems("test")] == [
        ("1 and two", 3),
        ("2 and two", 4),
    ]
    with pytest.raises(InputError, match=r"own\.parquet \(row 2\): .*'share' is empty"):
        task(tmp_path / "own.parquet", columns={"question": "share"}).problems("test")


def test_a_long_field_and_a_formula_in_csv_are_asked_as_they_are(tmp_path: Path) -> None:
    long = "x" * 140_000
    (tmp_path / "own.csv").write_text(f"question,answer\n{long},1\n=cmd|x,2\n")
    contents = [p.messages[-1]["content"] for p in task(tmp_path / "own.csv").problems("test")]
    assert [c.split("\n")[0] for c in contents] == [long, "=cmd|x"]


def test_twelve_options_have_twelve_letters(tmp_path: Path) -> None:
    options = [f"o{n}" for n in range(12)]
    rows = [{"question": f"q{n}", "choices": options, "answer": f"o{n}"} for n in range(12)]
    for problem in asked(tmp_path / "own.jsonl", rows, **CHOICES):
        assert judge(Choice(), problem, f"Answer: {problem.gold}").correct is True
        wrong = "K" if problem.gold != "K" else "L"
        assert judge(Choice(), problem, f"Answer: {wrong}").correct is False
    assert Choice(letters="ABCDEFGHIJ").canonical("(K)") is None, "of a question with ten options"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/dev/zero", "a device, not a file"),
        ("pipe.jsonl", "a pipe, not a file"),
        ("no.jsonl", "there is no file or folder"),
    ],
)
def test_no_file_is_one_message(path: str, message: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    own = task(Path(path) if path.startswith("/") else tmp_path / path)
    assert [(field, message in text) for field, text in own.faults()] == [("test", True)]


def test_binary_utf16_and_deep_data_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    for content, message in (
        (b'{"question": "a"}\n\0', "own.jsonl:2: not a text file: it contains a zero byte"),
        ("{}".encode("utf-16"), "own.jsonl: UTF-16 text"),
        (b"\n" + b'{"a":' * 100_000, "own.jsonl:2: .*too deep"),
        (b'{"question": ' + b"9" * 5000 + b"}", "own.jsonl:1: not valid JSON"),
        (b"\n\n{oops}", "own.jsonl:3: not valid JSON: .*column 2"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            task(path).problems("test")


def test_a_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.jsonl").write_text(json.dumps(GOOD))
    own = task(Path("~/own.jsonl"))
    assert not list(own.faults())
    assert len(own.problems("test")) == 1
    assert list(own.digest_inputs()) == [str(tmp_path / "own.jsonl")]
