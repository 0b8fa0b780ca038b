"""Bring your own data: every format, and what a person sees when something in it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lab.core.types import Sampling
from lab.errors import InputError
from lab.tasks import Jsonl, Task
from lab.tasks.checkers import Choice
from lab.tasks.checkers.verdicts import judge
from lab.tasks.prove import prove

ROWS = [
    {"question": f"What is {n} + 1?", "answer": str(n + 1), "kind": "plus", "name": f"r{n}"}
    for n in range(60)
]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def task(path: Path, **options: Any) -> Jsonl:
    made: Jsonl = TypeAdapter(Task).validate_python(
        {"kind": "jsonl", "path": str(path), "checker": {"kind": "numeric"}, **options}
    )
    return made


def write(path: Path, suffix: str) -> Path:
    path = path / f"own{suffix}"
    if suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif suffix == ".json":
        path.write_text(json.dumps(ROWS))
    elif suffix == ".jsonl":
        path.write_bytes(b"\xef\xbb\xbf" + lines(ROWS).replace("\n", "\r\n").encode() + b"\r\n")
    else:
        mark = "\t" if suffix == ".tsv" else ","
        rows = [mark.join(ROWS[0]), *(mark.join(f'"{cell}"' for cell in row.values()) for row in ROWS)]
        path.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", ".parquet"])
def test_every_format_gives_the_same_problems(suffix: str, tmp_path: Path) -> None:
    own = task(write(tmp_path, suffix), columns={"id": "name", "family": "kind"})
    train, test = own.problems("train"), own.problems("test")
    assert {p.id.rsplit("/", 1)[1] for p in train + test} == {f"r{n}" for n in range(60)}
    assert len(train) > len(test) > 3
    assert {p.gold for p in train} <= {str(n) for n in range(1, 61)}
    assert train[0].meta["family"] == "plus"
    assert own.label == "own"
    assert list(own.digest_inputs()) == [str(tmp_path / f"own{suffix}")]


def test_given_splits_hash_splits_and_leaks(tmp_path: Path) -> None:
    (tmp_path / "train-0.jsonl").write_text(lines(ROWS[:40]))
    (tmp_path / "test.jsonl").write_text(lines(ROWS[30:]))
    folder = task(tmp_path)
    assert len(folder.problems("test")) == 30
    assert len(folder.problems("train")) == 30, "ten questions of train are in test and are left out"
    files = Jsonl(train=str(tmp_path / "train-0.jsonl"), test=str(tmp_path / "test.jsonl"))
    assert len(files.problems("test")) == len(files.problems("train")) == 30
    (tmp_path / "twice.jsonl").write_text(lines([*ROWS, *ROWS]))
    twice = task(tmp_path / "twice.jsonl", test_fraction=0.5)
    asked = [{p.messages[-1]["content"] for p in twice.problems(split)} for split in ("train", "test")]
    assert not asked[0] & asked[1]
    with pytest.raises(InputError, match="no rows in the train split"):
        Jsonl(test=str(tmp_path / "test.jsonl")).problems("train")


def test_prompt_choices_aliases_and_instruction(tmp_path: Path) -> None:
    path = tmp_path / "quiz.jsonl"
    rows = [{"q": f"Colour {n}?", "a": "red", "options": ["blue", "red"], "note": "{x}"} for n in range(20)]
    path.write_text(lines(rows))
    quiz = task(
        path,
        columns={"question": "q", "answer": "a", "choices": "options"},
        prompt="{note} {question} {{}}\n{choices}",
        checker={"kind": "choice"},
        instruction="Answer with a letter.",
        system="Be short.",
    )
    problem = quiz.problems("train")[0]
    assert problem.gold == "B"
    assert problem.messages[0] == {"role": "system", "content": "Be short."}
    asked = problem.messages[1]["content"]
    assert asked.startswith("{x} Colour ")
    assert asked.endswith(" {}\nA. blue\nB. red\nAnswer with a letter.")
    path.write_text(
        lines([{"question": f"Capital {n}?", "answer": "Kyiv", "also": "Kiev|Kiew"} for n in range(20)])
    )
    names = Jsonl(path=str(path), columns={"aliases": "also"})
    assert names.checker.check(names.problems("train")[0], "It is Kiev.").correct


def test_few_shot_shows_the_worked_solution(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(lines([row | {"how": "add one"} for row in ROWS]))
    shown = task(path, columns={"solution": "how"}, few_shot=1, answer_format="So {answer}.").problems(
        "test"
    )[0]
    assert shown.messages[1]["content"].startswith("add one\nSo ")


UNSURE = [
    {"q": f"Where is town {n}?", "a": None if n % 2 else f"Land {n}", "has": "no" if n % 2 else "Yes"}
    for n in range(40)
]


def test_rows_without_an_answer_need_none(tmp_path: Path) -> None:
    """Their gold is None; an abstention is right, and what few-shot examples show."""
    path = tmp_path / "own.jsonl"
    path.write_text(lines(UNSURE))
    columns = {"question": "q", "answer": "a", "answerable": "has"}
    own = task(path, columns=columns, checker={"kind": "text"}, few_shot=8, answer_format="It is {answer}.")
    problems = own.problems("train") + own.problems("test")
    assert {(p.meta["answerable"], p.gold is None) for p in problems} == {(True, False), (False, True)}
    said = {m["content"] for m in problems[0].messages if m["role"] == "assistant"}
    assert "I don't know." in said
    assert any(text.startswith("It is Land ") for text in said)
    unknown = next(p for p in problems if p.gold is None)
    assert judge(own.checker, unknown, "I don't know.").correct is True
    assert judge(own.checker, unknown, "Land 3").correct is False
    assert prove(own, "train") > 20
    wrong = [UNSURE[0], UNSURE[1] | {"has": "perhaps"}]
    path.write_text(lines(wrong))
    with pytest.raises(InputError, match=r"own.jsonl:2: columns.answerable: expected true .*found 'perhaps'"):
        Jsonl(test=str(path), columns=columns).problems("test")
    path.write_text(lines([UNSURE[0], UNSURE[1] | {"has": 1}]))
    with pytest.raises(InputError, match=r"own.jsonl:2: the answer .* is empty"):
        Jsonl(test=str(path), columns=columns).problems("test")


@pytest.mark.parametrize(
    ("written", "has"),
    [(True, True), (1, True), ("1", True), ("YES ", True), (False, False), (0.0, False), ("no", False)],
)
def test_ways_to_say_whether_there_is_an_answer(written: Any, has: bool, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(lines([{"question": "q", "answer": "a", "ok": written}]))
    (problem,) = Jsonl(test=str(path), columns={"answerable": "ok"}).problems("test")
    assert problem.meta["answerable"] is has


def test_bands_pairs_and_wrong_answers(tmp_path: Path) -> None:
    """Numbers are cut over all rows, so that a band means the same in train and test."""
    path = tmp_path / "own.jsonl"
    rows = [
        {"question": f"q{n}", "answer": "a", "views": f"{n * 1000:,}", "twin": n // 2, "bad": "b|c"}
        for n in range(60)
    ]
    path.write_text(lines([*rows, {"question": "q", "answer": "a", "views": "", "twin": 99, "bad": ""}]))
    columns = {"band": "views", "pair": "twin", "incorrect": "bad"}
    own = Jsonl(path=str(path), columns=columns, bands=2)
    problems = own.problems("train") + own.problems("test")
    bands = [p.meta.get("band") for p in problems]
    names = {"1: below 30,000": 30, "2: 30,000 or more": 30, None: 1}
    assert {name: bands.count(name) for name in set(bands)} == names
    first = next(p for p in problems if p.id.endswith("/5"))
    assert (first.meta["pair"], first.meta["incorrect"]) == ("2", ["b", "c"])
    edged = Jsonl(path=str(path), columns=columns, bands=[10, 20_000.5]).problems("test")
    assert {p.meta.get("band") for p in edged} <= {
        "1: below 10",
        "2: 10 to below 20,000.5",
        "3: 20,000.5 or more",
        None,
    }
    path.write_text(lines([{"question": str(n), "answer": "a", "views": "rare"} for n in range(9)]))
    assert {p.meta["band"] for p in Jsonl(test=str(path), columns={"band": "views"}).problems("test")} == {
        "rare"
    }
    path.write_text(lines([{"question": str(n), "answer": "a", "views": 5} for n in range(9)]))
    assert {p.meta["band"] for p in Jsonl(test=str(path), columns={"band": "views"}).problems("test")} == {
        "1: all"
    }
    path.write_text(lines([{"question": "q", "answer": "a", "views": v} for v in (3, "many")]))
    with pytest.raises(
        InputError, match=r"own.jsonl:2: columns.band: expected a number like in the other rows, found 'many'"
    ):
        Jsonl(test=str(path), columns={"band": "views"}).problems("test")
    with pytest.raises(InputError, match=r"columns.band: there is no column 'view'. Did you mean 'views'"):
        Jsonl(test=str(path), columns={"band": "view"}).problems("test")


def test_choices_are_told_as_options(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(lines([{"question": "Sky?", "answer": "blue", "choices": ["red", "blue"]}]))
    made = [
        Jsonl(test=str(path), columns={"choices": "choices"}, checker=Choice(), prompt=prompt).problems(
            "test"
        )[0]
        for prompt in ("{question}", "{question}\n{choices}")
    ]
    assert [p.meta["options_shown"] for p in made] == [False, True]
    own = [{"question": "Is it red or blue?", "answer": "blue", "choices": "red|blue"}] * 40
    path.write_text(lines([row | {"question": f"{n}: {row['question']}"} for n, row in enumerate(own)]))
    both = Jsonl(path=str(path), columns={"choices": "choices"}, checker=Choice(), few_shot=1).problems(
        "test"
    )
    assert both[0].meta["options_shown"], "the question itself names them"
    assert both[0].messages[1]["content"] == "B"
    path.write_text(lines([{"question": f"{n}?", "answer": 1, "choices": "red|blue"} for n in range(40)]))
    bare = Jsonl(path=str(path), columns={"choices": "choices"}, checker=Choice(), few_shot=1).problems(
        "test"
    )
    assert bare[0].messages[1]["content"] == "blue", "a letter would mean nothing"
    question = made[0].question(Sampling(), str.strip)
    assert (question.options, question.option_labels, made[0].gold) == (("red", "blue"), ("A", "B"), "B")
    path.write_text(lines([{"question": "Sky?", "answer": "blue", "choices": ["blue"]}]))
    with pytest.raises(InputError, match=r"own.jsonl:1: expected 2 to 26 choices, found 1"):
        Jsonl(test=str(path), columns={"choices": "choices"}, checker=Choice()).problems("test")


BAD: list[tuple[str, dict[str, Any], str]] = [
    ('{"question": "a", "answer": "1"}\n{oops}\n', {}, r"own.jsonl:2: not valid JSON"),
    ('{"question": "a", "answer": "1"}\n\n[1]\n', {}, r"own.jsonl:3: expected a JSON object, found list"),
    ("", {}, r"no rows"),
    (
        '{"questoin": "a", "answer": "1"}\n',
        {},
        r"own.jsonl:1: .*no column 'question'. Did you mean 'questoin'",
    ),
    (
        '{"question": "a", "answer": "1"}\n',
        {"prompt": "{questio}"},
        r"no column 'questio'. Did you mean 'question'",
    ),
    (
        '{"question": "a", "answer": "1"}\n{"question": "b", "answer": null}\n',
        {},
        r"own.jsonl:2: the answer .* empty",
    ),
    (
        '{"question": "a", "answer": "1", "i": 1}\n' * 2,
        {"columns": {"id": "i"}},
        r"own.jsonl:2: the id '1' is already used",
    ),
    (
        '{"question": "a", "answer": "x"}\n',
        {"checker": {"kind": "numeric"}},
        r"none of the gold answers can be checked",
    ),
    (
        '{"question": "a", "answer": "x"}\n',
        {"checker": {"kind": "regex", "pattern": "y"}},
        r":1: the gold .*is not accepted",
    ),
    ('{"question": "a\xff", "answer": "x"}\n', {}, r"own.jsonl:1: not UTF-8"),
    ("[" * 100_000 + "\n", {}, r"own.jsonl:1: (not valid JSON|the JSON is nested too deeply)"),
]


@pytest.mark.parametrize(("content", "options", "message"), BAD)
def test_wrong_data_is_named_with_file_and_line(
    content: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.jsonl"
    path.write_bytes(content.encode("latin-1"))
    own: Jsonl = TypeAdapter(Task).validate_python({"kind": "jsonl", "test": str(path), **options})
    with pytest.raises(InputError, match=message):
        own.problems("test")


def test_wrong_csv_parquet_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('question,answer\n"two\nlines",1\na,1,2\n')
    with pytest.raises(InputError, match=r"own.csv:4: the row has 3 cells"):
        task(path).problems("test")
    path.write_text("question,question\n")
    with pytest.raises(InputError, match="same column name twice"):
        task(path).problems("test")
    (tmp_path / "own.parquet").write_text("no")
    with pytest.raises(InputError, match="not a Parquet file"):
        task(tmp_path / "own.parquet").problems("test")
    (tmp_path / "own.docx").write_text("no")
    with pytest.raises(InputError, match=r"cannot read '\.docx'"):
        task(tmp_path / "own.docx").problems("test")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="contains no data file"):
        task(tmp_path / "nothing").problems("test")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"path": "a.jsonl", "test": "b.jsonl"},
        {"path": "a.jsonl", "prompt": "{question.__class__}"},
        {"path": "a.jsonl", "prompt": "{question!r}"},
        {"path": "a.jsonl", "prompt": "{0[x]}"},
        {"path": "a.jsonl", "prompt": "{question"},
        {"path": "a.jsonl", "test_fraction": 1.5},
        {"path": "a.jsonl", "bands": 4},
        {"path": "a.jsonl", "columns": {"band": "x"}, "bands": [2, 1]},
        {"path": "a.jsonl", "columns": {"qestion": "q"}},
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Task).validate_python({"kind": "jsonl", **options})


def test_a_hub_data_set_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    halves = {"train": datasets.Dataset.from_list(ROWS[:40]), "test": datasets.Dataset.from_list(ROWS[40:])}
    asked: list[tuple[str, str | None]] = []

    def load(source: str, subset: str | None) -> Any:
        asked.append((source, subset))
        return datasets.DatasetDict(halves)

    monkeypatch.setattr(datasets, "load_dataset", load)
    own = Jsonl(path="someone/sums", subset="main")
    assert not list(own.faults())
    assert (len(own.problems("train")), len(own.problems("test"))) == (40, 20)
    assert asked[0] == ("someone/sums", "main")
    assert own.digest_inputs() == {}
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: 1 / 0)
    with pytest.raises(InputError, match="cannot load the data set 'someone/sums'"):
        own.problems("test")
