"""Published question sets from local files in their own formats; every row here is invented."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from lab.core.types import Problem
from lab.errors import InputError
from lab.language.abstention.reading import I_DO_NOT_KNOW, abstains
from lab.tasks import QA, Task
from lab.tasks.benchmarks.qa_sets import SETS, DatasetName
from lab.tasks.checkers.verdicts import judge
from lab.tasks.prove import prove
from tests.support.echo import MOST, score


def made(dataset: str, path: Path | str, **options: Any) -> QA:
    task: QA = TypeAdapter(Task).validate_python(
        {"kind": "qa", "dataset": dataset, "path": str(path), **options}
    )
    return task


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows: list[dict[str, Any]], mark: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=mark)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def trivia(n: int) -> dict[str, Any]:
    answer = {"value": f"Lake Orlo {n}", "aliases": [f"Orlo {n}", f"The Orlo {n}"], "type": "WikipediaEntity"}
    return {"question": f"Which lake feeds river {n}?", "question_id": f"tc_{n}", "answer": answer}


def popular(n: int) -> dict[str, Any]:
    answers = json.dumps([f"village {n}", f"Dorf {n}"])
    return {
        "id": n,
        "subj": f"Person {n}",
        "prop": "place of birth" if n % 2 else "capital",
        "obj": f"village {n}",
        "s_pop": 10**n,
        "question": f"In what city was person {n} born?",
        "possible_answers": answers,
    }


def simple(n: int) -> dict[str, Any]:
    about = {"topic": "Art" if n % 2 else "Sports", "answer_type": "Person", "urls": ["http://a.example"]}
    return {"metadata": str(about), "problem": f"Who painted work {n}?", "answer": f"Ana Bole {n}"}


def aware(n: int) -> dict[str, Any]:
    has = n % 3 != 0
    return {
        "question_id": n,
        "question": f"What is thing {n} made of?" if has else f"What did stone {n} dream of?",
        "answer": [f"clay {n}", f"loam {n}"] if has else None,
        "answerable": has,
        "source": "squadqa_train" if has else "SelfAware",
    }


def truthful(n: int) -> dict[str, Any]:
    return {
        "type": "Adversarial",
        "category": "Myths" if n % 2 else "Law",
        "question": f"What happens if you swallow seed {n}?",
        "best_answer": f"The seed {n} passes through you",
        "correct_answers": ["Nothing happens", f"You digest seed {n}"],
        "incorrect_answers": [f"A tree grows from seed {n}", "You grow ill at once"],
        "source": "https://a.example",
    }


def chosen(n: int) -> dict[str, Any]:
    def target(right: int, wrong: int) -> dict[str, Any]:
        texts = [f"Right {n}.{i}." for i in range(right)] + [f"Wrong {n}.{i}." for i in range(wrong)]
        return {"choices": texts, "labels": [1] * right + [0] * wrong}

    return {
        "question": f"Do cats see seed {n}?",
        "mc1_targets": target(1, 3),
        "mc2_targets": target(2, 3),
    }


def halu(n: int) -> dict[str, Any]:
    return {
        "knowledge": f"Inn {n} stands in the town of Bram.",
        "question": f"Where does inn {n} stand?",
        "right_answer": "Bram",
        "hallucinated_answer": f"Inn {n} stands in Corl.",
    }


ROWS = {
    "trivia_qa": trivia,
    "nq_open": lambda n: {"question": f"who wrote song {n}", "answer": [f"Ida Moor {n}", f"Moor {n}"]},
    "popqa": popular,
    "simpleqa": simple,
    "selfaware": aware,
    "truthfulqa_gen": truthful,
    "truthfulqa_mc1": chosen,
    "truthfulqa_mc2": chosen,
    "halueval": halu,
}
OPTIONS = ["truthfulqa_mc1", "truthfulqa_mc2", "halueval"]
SUFFIX = {"popqa": ".tsv", "simpleqa": ".csv"}


def write(dataset: str, folder: Path, rows: list[dict[str, Any]], name: str = "own") -> Path:
    path = folder / f"{name}{SUFFIX.get(dataset, '.jsonl')}"
    marks = {".tsv": "\t", ".csv": ","}
    path.write_text(table(rows, marks[path.suffix]) if path.suffix in marks else lines(rows))
    return path


def rows_of(dataset: str, count: int = 9) -> list[dict[str, Any]]:
    return [ROWS[dataset](n) for n in range(1, count + 1)]


def test_every_name_is_a_set_and_has_rows_here() -> None:
    assert set(get_args(DatasetName)) == set(SETS) == set(ROWS)


@pytest.mark.parametrize("dataset", ROWS)
def test_a_set_in_its_own_format(dataset: str, tmp_path: Path) -> None:
    """In one piece all of it is test; golds pass the set's own checker; train and dev need a fraction."""
    path = write(dataset, tmp_path, rows_of(dataset))
    task = made(dataset, path)
    problems = task.problems("test")
    assert len(problems) == 9
    assert (task.label, list(task.digest_inputs())) == (dataset, [str(path)])
    assert prove(task, "test") == 9
    assert not list(task.faults())
    with pytest.raises(
        InputError, match=r"no rows in the train split; the data set is not split: set test_fract"
    ):
        task.problems("train")
    more = write(dataset, tmp_path, rows_of(dataset, 30), "more")
    halves = made(dataset, more, test_fraction=0.5)
    sides = [{p.messages[-1]["content"] for p in halves.problems(split)} for split in ("train", "test")]
    assert not sides[0] & sides[1]
    assert sides[0]
    assert sides[1]
    assert sides[0] | sides[1] <= {p.messages[-1]["content"] for p in made(dataset, more).problems("test")}


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("dataset", ROWS)
def test_the_question_again_is_no_answer(dataset: str, shown: bool, tmp_path: Path) -> None:
    options = {"show_options": True} if shown and dataset in OPTIONS else {}
    task = made(dataset, write(dataset, tmp_path, rows_of(dataset, 30)), **options)
    assert score(task, task.problems("test"), shortest=2) <= MOST  # "D" of "Do cats ..." may name option D


@pytest.mark.parametrize("dataset", ROWS)
def test_a_wrong_column_is_one_message_with_the_nearest_name(dataset: str, tmp_path: Path) -> None:
    column = "problem" if dataset == "simpleqa" else "question"
    rows = [{f"{key}s" if key == column else key: v for key, v in row.items()} for row in rows_of(dataset, 2)]
    path = write(dataset, tmp_path, rows)
    with pytest.raises(
        InputError, match=rf"own\.\w+:\d.*no column '{column}'. Did you mean '{column}s'"
    ) as e:
        made(dataset, path).problems("test")
    assert "\n" not in str(e.value)


def test_the_authors_own_files(tmp_path: Path) -> None:
    """TriviaQA's JSON, TruthfulQA's CSV and mc_task.json, SelfAware.json, HaluEval's qa_data.json."""
    theirs = {"Value": "Lake Orlo", "Aliases": ["Orlo"], "Type": "WikipediaEntity"}
    data = {"Question": "Which lake?", "QuestionId": "tc_1", "Answer": theirs}
    (tmp_path / "trivia.json").write_text(json.dumps({"Data": [data], "Domain": "Web", "Split": "dev"}))
    assert made("trivia_qa", tmp_path / "trivia.json").problems("test")[0].gold == ["Lake Orlo", "Orlo"]
    row = truthful(1)
    named = {name.replace("_", " ").title(): value for name, value in row.items()}
    named |= {name: "; ".join(named[name]) for name in ("Correct Answers", "Incorrect Answers")}
    (tmp_path / "TruthfulQA.csv").write_text(table([named], ","))
    free = made("truthfulqa_gen", tmp_path / "TruthfulQA.csv").problems("test")[0]
    assert free.gold == [row["best_answer"], *row["correct_answers"]]
    assert free.meta["incorrect"] == row["incorrect_answers"]
    assert free.meta["family"] == "Myths"
    pairs = dict(zip(chosen(1)["mc1_targets"]["choices"], (1, 0, 0, 0), strict=True))
    (tmp_path / "mc_task.json").write_text(json.dumps([{"question": "Do cats?", "mc1_targets": pairs}]))
    (choice,) = made("truthfulqa_mc1", tmp_path / "mc_task.json").problems("test")
    assert set(choice.meta["options"]) == set(pairs)
    (tmp_path / "SelfAware.json").write_text(json.dumps({"example": [aware(n) for n in range(6)]}))
    assert len(made("selfaware", tmp_path / "SelfAware.json").problems("test")) == 6
    (tmp_path / "qa_data.json").write_text(lines([halu(n) for n in range(4)]))
    assert len(made("halueval", tmp_path / "qa_data.json").problems("test")) == 4
    (tmp_path / "two.json").write_text(json.dumps({"a": [{}], "b": [{}]}))
    with pytest.raises(InputError, match="or an object that holds one"):
        made("halueval", tmp_path / "two.json").problems("test")


def test_splits_of_its_own_aliases_and_twice_asked_questions(tmp_path: Path) -> None:
    """Validation is test, the public test has no answers, and train loses what test asks."""
    unknown = {"question": "Which?", "answer": {"value": "<unk>", "aliases": []}}
    (tmp_path / "train.jsonl").write_text(lines([trivia(n) for n in range(1, 31)] + [trivia(1)]))
    (tmp_path / "validation.jsonl").write_text(lines([trivia(n) for n in range(26, 36)]))
    (tmp_path / "test.jsonl").write_text(lines([unknown]))
    task = made("trivia_qa", tmp_path)
    assert [p.gold[0] for p in task.problems("test")] == [f"Lake Orlo {n}" for n in range(26, 36)]
    assert len(task.problems("train")) + len(task.problems("dev")) == 25
    problem = task.problems("test")[0]
    for text in ("Orlo 26", "The answer is the Orlo 26.", "It is lake Orlo 26, in the north."):
        assert task.checker.check(problem, text).correct, text
    assert not task.checker.check(problem, "Orlo 27").correct
    shown = made("trivia_qa", tmp_path, few_shot=2).problems("test")[0].messages
    assert [m["role"] for m in shown] == ["user", "assistant"] * 2 + ["user"]
    assert shown[1]["content"].startswith("The answer is Lake Orlo ")
    with pytest.raises(
        InputError, match=r"test\.jsonl:1: the answer is empty \(some data sets do not publish"
    ):
        made("trivia_qa", tmp_path / "test.jsonl").problems("test")


def test_popularity_is_cut_into_bands(tmp_path: Path) -> None:
    path = write("popqa", tmp_path, rows_of("popqa"))
    thirds = [p.meta["band"] for p in made("popqa", path).problems("test")]
    assert (
        thirds
        == ["1: below 10,000"] * 3 + ["2: 10,000 to below 10,000,000"] * 3 + ["3: 10,000,000 or more"] * 3
    )
    edges = [p.meta["band"] for p in made("popqa", path, bands=[1000]).problems("test")]
    assert edges == ["1: below 1,000"] * 2 + ["2: 1,000 or more"] * 7
    half = made("popqa", path, test_fraction=0.5)
    assert {p.meta["band"] for split in ("train", "test") for p in half.problems(split)} <= set(thirds)
    assert made("popqa", path).problems("test")[0].meta["family"] == "place of birth"
    assert (
        made("simpleqa", write("simpleqa", tmp_path, rows_of("simpleqa"))).problems("test")[0].meta["family"]
        == "Art"
    )


def test_questions_without_an_answer(tmp_path: Path) -> None:
    path = write("selfaware", tmp_path, [aware(n) for n in range(30)])
    task = made("selfaware", path, few_shot=8, test_fraction=0.4)
    problems = task.problems("test")
    without = [p for p in problems if p.meta["answerable"] is False]
    assert 0 < len(without) < len(problems)
    assert {p.gold for p in without} == {None}
    assert judge(task.checker, without[0], "I don't know.").correct
    assert not judge(task.checker, without[0], "Of the sea.").correct
    said = [m["content"] for m in problems[0].messages if m["role"] == "assistant"]
    assert I_DO_NOT_KNOW in said
    assert any(not abstains(text) for text in said)


def test_free_answers_are_held_against_right_and_wrong_references(tmp_path: Path) -> None:
    task = made("truthfulqa_gen", write("truthfulqa_gen", tmp_path, rows_of("truthfulqa_gen", 1)))
    (problem,) = task.problems("test")
    for text, right in (
        ("The seed 1 just passes through you.", True),
        ("Nothing happens.", True),
        ("A tree grows in you from seed 1!", False),
        ("Bananas.", False),
        ("", False),
    ):
        verdict = task.checker.check(problem, text)
        assert verdict.correct is right, text
        assert text == "" or verdict.reason.startswith("similarity (rouge_l)")
    other = made("truthfulqa_gen", tmp_path, similarity="rouge_1").checker
    assert "rouge_1" in other.check(problem, "Nothing").reason


@pytest.mark.parametrize("dataset", OPTIONS)
def test_options_are_hidden_or_shown_and_their_order_tells_nothing(dataset: str, tmp_path: Path) -> None:
    path = write(dataset, tmp_path, rows_of(dataset, 60))
    hidden, shown = made(dataset, path), made(dataset, path, show_options=True)
    places = set()
    for problem, listed in zip(hidden.problems("test"), shown.problems("test"), strict=True):
        options, labels = problem.meta["options"], problem.meta["option_labels"]
        right = {option for label, option in zip(labels, options, strict=True) if label in problem.gold}
        assert all(o.startswith("Right") or o == "Bram" for o in right)
        assert len(right) == (2 if dataset.endswith("mc2") else 1)
        assert not any(option in problem.messages[-1]["content"] for option in options)
        assert f"{labels[0]}. {options[0]}\n" in listed.messages[-1]["content"]
        assert (hidden.label, shown.label) == (dataset, f"{dataset}_listed")
        assert (problem.meta["options_shown"], listed.meta["options_shown"]) == (False, True)
        assert hidden.checker.check(problem, problem.gold[0]).correct
        places.add(problem.gold[0])
    assert places >= {"A", "B"}
    shots = made(dataset, path, few_shot=1, test_fraction=0.5).problems("test")[0].messages
    assert shots[1]["content"] == "Bram" or shots[1]["content"].startswith("Right")
    lettered = made(dataset, path, few_shot=1, test_fraction=0.5, show_options=True).problems("test")[0]
    assert lettered.messages[1]["content"] in "ABCDE"


def test_halueval_with_and_without_the_passage(tmp_path: Path) -> None:
    path = write("halueval", tmp_path, rows_of("halueval", 3))
    plain, grounded = (made("halueval", path, passage=p).problems("test")[0] for p in (False, True))
    assert "town of Bram" not in plain.messages[-1]["content"]
    asked = grounded.messages[-1]["content"]
    assert grounded.id.startswith("halueval_passage/test/")
    assert asked == "Inn 1 stands in the town of Bram.\n\nWhere does inn 1 stand?"
    assert set(plain.meta["options"]) == {"Bram", "Inn 1 stands in Corl."}
    same = [halu(1) | {"hallucinated_answer": "Bram"}, halu(2)]
    assert len(made("halueval", write("halueval", tmp_path, same, "same")).problems("test")) == 1
    bare = [{k: v for k, v in halu(1).items() if k != "knowledge"}]
    with pytest.raises(InputError, match=r"bare\.jsonl:1: the row has no passage"):
        made("halueval", write("halueval", tmp_path, bare, "bare"), passage=True).problems("test")


BAD = [
    ("nq_open", {"question": "q", "answer": []}, "the answer is empty"),
    ("nq_open", {"question": 7, "answer": ["a"]}, "'question': expected a text, found '7'"),
    ("trivia_qa", {"question": "q", "answer": "Orlo"}, "'answer': expected an object, found 'Orlo'"),
    ("trivia_qa", {"question": "q", "answer": {"valeu": "x"}}, "no column 'value'. Did you mean 'valeu'"),
    ("selfaware", aware(1) | {"answerable": "maybe"}, r"answerable: expected true or false .*'maybe'"),
    (
        "truthfulqa_mc1",
        {"question": "q", "mc1_targets": {"a": 0, "b": 0}},
        "expected both right and wrong options",
    ),
    ("truthfulqa_mc1", {"question": "q", "mc1_target": {"a": 1}}, "no column 'mc1_targets'. Did you mean"),
]


@pytest.mark.parametrize(("dataset", "row", "message"), BAD)
def test_wrong_rows_are_named(dataset: str, row: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(lines([row]))
    with pytest.raises(InputError, match=rf"bad\.jsonl:1: .*{message}"):
        made(dataset, path).problems("test")


@pytest.mark.parametrize(
    "options",
    [
        {"dataset": "trivia"},
        {"dataset": "nq_open", "bands": 4},
        {"dataset": "popqa", "bands": 1},
        {"dataset": "popqa", "bands": [10, 5]},
        {"dataset": "popqa", "passage": True},
        {"dataset": "simpleqa", "show_options": True},
        {"dataset": "halueval", "similarity": "rouge_1"},
        {"dataset": "halueval", "test_fraction": 0},
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Task).validate_python({"kind": "qa", **options})


def test_a_path_that_is_not_there_is_a_fault() -> None:
    assert [field for field, _ in made("popqa", "no/such/place.tsv").faults()] == ["path"]
    assert not list(made("popqa", "someone/copy").faults())


@pytest.mark.parametrize("dataset", ROWS)
def test_from_the_hub_by_its_id(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id, configuration and split of the set, with rows as the Hub gives them."""
    import datasets

    split = {"truthfulqa_gen": "validation", "halueval": "data", "selfaware": "train"}.get(dataset, "test")
    rows = rows_of(dataset)
    splits = {split: datasets.Dataset.from_list(rows)}
    if dataset in ("trivia_qa", "nq_open"):
        splits = {name: datasets.Dataset.from_list(rows) for name in ("train", "validation")}
    asked: list[tuple[str, str | None]] = []

    def load(source: str, subset: str | None) -> Any:
        asked.append((source, subset))
        return datasets.DatasetDict(splits)

    monkeypatch.setattr(datasets, "load_dataset", load)
    task: QA = TypeAdapter(Task).validate_python({"kind": "qa", "dataset": dataset})
    assert len(task.problems("test")) == 9
    assert asked == [(SETS[dataset].hub, SETS[dataset].subset)]
    assert task.digest_inputs() == {}
    copy = made(dataset, "someone/copy", subset="main")
    copy.problems("test")
    assert asked[-1] == ("someone/copy", "main")


def test_a_gold_that_its_own_checker_cannot_read_is_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"question": "q1?", "answer": ["?!"]}, {"question": "q2?", "answer": ["Orlo"]}]
    problems: list[Problem] = made("nq_open", write("nq_open", tmp_path, rows)).problems("test")
    assert [p.gold for p in problems] == [["Orlo"]]
    assert "1 of 2 questions are left out" in caplog.text
