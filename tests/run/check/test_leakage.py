"""Trained on and tested on: never the same questions. And what a task cannot give is found before it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.errors import InputError
from lab.run.cli import app
from lab.run.recipe.recipe import load

RECIPE = """name: apart
engine: {{kind: fake}}
stages:
  corpus: {{kind: generate, model: tiny, tasks: [{train}], method: {{kind: rejection_sampling, samples: 2}}}}
  test: {{kind: evaluate, model: tiny, tasks: [{test}], strategies: [{{kind: greedy}}]}}
"""


def rows(path: Path, numbers: range) -> str:
    lines = (json.dumps({"question": f"What is {n} + 1?", "answer": n + 1}) for n in numbers)
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def checked(tmp_path: Path, train: str, test: str, text: str = RECIPE) -> None:
    """What `lab check` does with a recipe that trains on one task and tests on another."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text.format(train=train, test=test))
    load(recipe)


def task(**options: object) -> str:
    return json.dumps({"kind": "jsonl", "checker": {"kind": "numeric"}, **options})


def test_one_file_as_train_and_as_test_is_an_error(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl", range(30))
    with pytest.raises(InputError) as caught:
        checked(tmp_path, task(train=path), task(test=path))
    said = str(caught.value)
    assert (
        "recipe.yaml:5: stages.test.tasks[0]: 30 of its 30 test questions are also training problems" in said
    )
    assert "of stage 'corpus', for example 'What is 0 + 1?'" in said
    assert "Give both stages the same task" in said


def test_one_path_split_in_two_ways_is_an_error(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl", range(60))
    with pytest.raises(InputError, match=r"\d+ of its 5\d test questions are also training problems"):
        checked(tmp_path, task(path=path), task(path=path, test_fraction=0.9))


def test_a_copy_of_a_file_is_the_file(tmp_path: Path) -> None:
    one, two = rows(tmp_path / "a.jsonl", range(30)), rows(tmp_path / "b.jsonl", range(30))
    with pytest.raises(InputError, match="30 of its 30 test questions"):
        checked(tmp_path, task(train=one), task(test=two))


def test_another_wording_does_not_hide_it(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.jsonl", range(60))
    with pytest.raises(InputError, match="test questions are also training problems"):
        checked(tmp_path, task(path=path), task(path=path, prompt="Please: {question}"))


@pytest.mark.parametrize(
    "test",
    [
        {"limit": 3, "instruction": "Answer with a number.", "name": "few"},
        {"test_fraction": 0.1},
        {"max_tokens": 5, "seed": 3},
    ],
    ids=["other options", "a smaller test side", "another seed"],
)
def test_one_task_for_both_keeps_its_sides_apart(tmp_path: Path, test: dict[str, object]) -> None:
    path = rows(tmp_path / "a.jsonl", range(60))
    checked(tmp_path, task(path=path), task(path=path, **test))


def test_two_files_are_two_files(tmp_path: Path) -> None:
    one, two = rows(tmp_path / "a.jsonl", range(30)), rows(tmp_path / "b.jsonl", range(30, 60))
    checked(tmp_path, task(train=one), task(test=two))


MADE = """name: made
engine: {{kind: fake}}
stages:
  corpus: {{kind: generate, model: tiny, tasks: [{train}], method: {{kind: rejection_sampling, samples: 8}}}}
"""
FROM_IT = """name: from-it
engine: {{kind: fake}}
stages:
  tuned: {{kind: train, model: tiny, data: {train}, method: {{kind: sft}}}}
  test: {{kind: evaluate, model: tuned, tasks: [{test}], strategies: [{{kind: greedy}}]}}
"""


def test_a_corpus_made_in_an_earlier_run_is_followed_back_to_its_file(tmp_path: Path) -> None:
    path, recipe = rows(tmp_path / "a.jsonl", range(30)), tmp_path / "made.yaml"
    other = rows(tmp_path / "b.jsonl", range(30, 60))
    recipe.write_text(MADE.format(train=task(train=path)))
    done = CliRunner().invoke(app, ["run", str(recipe), "--runs", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    (corpus,) = (tmp_path / "runs" / "made").glob("corpus-*")
    with pytest.raises(InputError, match=f"30 of its 30 test questions .* of '{corpus}', made earlier"):
        checked(tmp_path, str(corpus), task(test=path), FROM_IT)
    checked(tmp_path, str(corpus), task(test=other), FROM_IT)


LEARNS = """name: learns
engine: {{kind: fake}}
stages:
  test: {{kind: evaluate, model: tiny, tasks: [{test}], strategies: [{{kind: cascade, threshold: learn}}]}}
"""
WATCHED = """name: watched
engine: {{kind: fake}}
stages:
  self:
    kind: rounds
    model: tiny
    corpus: {{tasks: [{test}], method: {{kind: rejection_sampling, samples: 2}}}}
    train: {{kind: sft}}
"""


@pytest.mark.parametrize(("text", "at"), [(LEARNS, "test.tasks[0]"), (WATCHED, "self.corpus.tasks[0]")])
def test_dev_problems_that_a_task_cannot_give_are_found_at_once(tmp_path: Path, text: str, at: str) -> None:
    path = rows(tmp_path / "a.jsonl", range(60))
    with pytest.raises(InputError) as caught:
        checked(tmp_path, "", task(path=path), text)
    said = str(caught.value)
    assert (
        f"stages.{at}: this needs dev problems, but no dev problems are set aside; set dev_fraction" in said
    )
    checked(tmp_path, "", task(path=path, dev_fraction=0.2), text)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("{kind: gsm8k}", "the packaged GSM8K has no train split"),
        ("{kind: qa, dataset: popqa}", "this data set has only a test split: set test_fraction"),
    ],
)
def test_so_are_those_of_published_sets(tmp_path: Path, test: str, why: str) -> None:
    with pytest.raises(InputError, match=f"this needs dev problems, but {why}"):
        checked(tmp_path, "", test, LEARNS)


def test_a_limit_that_cannot_be_filled_is_said_everywhere(tmp_path: Path) -> None:
    """In the terminal, in the manifest and in the report's headline."""
    path = rows(tmp_path / "a.jsonl", range(30))
    recipe = tmp_path / "recipe.yaml"
    test = task(test=path, limit=200, name="sums")
    recipe.write_text(
        f"name: short\nengine: {{kind: fake}}\nstages:\n"
        f"  test: {{kind: evaluate, model: tiny, tasks: [{test}], strategies: [{{kind: greedy}}]}}\n"
        "  report: {kind: report, of: [test]}\n"
    )
    done = CliRunner().invoke(app, ["run", str(recipe), "--runs", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    note = "task sums has only 30 problems, fewer than its limit of 200"
    assert note in " ".join(done.output.split())
    (stage,) = (tmp_path / "runs" / "short").glob("test-*")
    assert json.loads((stage / "manifest.json").read_text())["notes"] == [note]
    (report,) = (tmp_path / "runs" / "short").glob("report-*/summary.json")
    assert f"T{note[1:]}." in json.loads(report.read_text())["headline"]
