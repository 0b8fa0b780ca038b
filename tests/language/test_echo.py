"""The echo test: the question itself, or a beginning of it, is no answer to it, in any built-in task.

A base model often only repeats what it is asked. By conventions.md ("Reading an answer") such replies may
score at most 1 % on every task; the texts of a task's own wordings are questions, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from lab.tasks import Task
from lab.tasks.checkers.verdicts import judge
from lab.tasks.knowledge.geography import QUESTIONS
from lab.tasks.reasoning_gym.generators import generators
from tests.support.echo import MOST, score

SLOW = {"knight_swap", "futoshiki"}
GENERATORS = [n for n, known in generators().items() if known.answer != "refused" and n not in SLOW]
WORDED = ("chain_sum", "products", "gcd", "lcm", "letter_counting")


def made(**config: Any) -> Any:
    return TypeAdapter(Task).validate_python(config)


@pytest.mark.parametrize("name", GENERATORS)
def test_generators(name: str) -> None:
    task = made(kind="reasoning_gym", dataset=name, limit=6)
    assert score(task, task.problems("test")) <= MOST


@pytest.mark.parametrize("wording", ["rephrased", "words"])
@pytest.mark.parametrize("name", WORDED)
def test_generators_in_other_words(name: str, wording: str) -> None:
    if name == "letter_counting" and wording == "words":
        pytest.skip("it has no such wording")
    task = made(kind="reasoning_gym", dataset=name, limit=6, wording=[wording])
    assert score(task, task.problems("test")) <= MOST


@pytest.mark.parametrize("relation", list(QUESTIONS))
def test_facts(relation: str) -> None:
    task = made(kind="facts", relations=[relation], limit=60, phrasings=5)
    assert score(task, task.problems("test")) <= MOST


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "capitals"},
        {"kind": "gsm8k", "limit": 60},
        {"kind": "grounded", "limit": 60, "conflict": True, "absent": True},
        {"kind": "unanswerable", "limit": 120},
    ],
    ids=lambda config: str(config["kind"]),
)
def test_tasks(config: dict[str, Any]) -> None:
    task = made(**config)
    assert score(task, task.problems("test")) <= MOST


@pytest.mark.parametrize("checker", ["numeric", "text", "exact", "math", "contains", "choice"])
def test_own_data(checker: str, tmp_path: Path) -> None:
    """A table whose questions hold their answers: repeating them is no answer all the same."""
    rows = [
        {
            "question": f"Anna has {n} apples and Paris eats {n} of them. Which number, {n} or {n + 1}?",
            "answer": str(n),
        }
        for n in range(2, 40)
    ]
    if checker == "choice":
        rows = [
            {"question": f"Which one is it?\nA. {n}\nB. {n + 1}", "answer": "AB"[n % 2]} for n in range(40)
        ]
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = made(kind="jsonl", path=str(file), checker={"kind": checker}, test_fraction=0.3)
    assert score(task, task.problems("test")) <= MOST


def test_the_question_own_name_is_no_capital() -> None:
    """ "The capital of Mexico is Mexico." and the bare name."""
    task = made(kind="capitals")
    problems = task.problems("test")
    for pattern in ("{0}", "{0}.", "The capital of {0} is {0}.", "The answer is {0}."):
        texts = [pattern.format(problem.meta["about"][0]) for problem in problems]
        right = sum(judge(task.checker, p, t).correct is True for p, t in zip(problems, texts, strict=True))
        assert right <= MOST * len(problems), pattern
