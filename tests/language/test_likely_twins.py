"""Questions of any data that are likely to be one problem, in both directions; on one side of a split."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.estimators.clusters import clusters_of
from lab.language.twins import key
from lab.tasks.jsonl import Jsonl

TWINS = [
    ("What is the gcd of 6 and 19?", "What is the gcd of 19 and 6?"),
    ("What is 3 plus 7?", "What is 7 plus 3?"),
    ("Compute 3 + 5", "Compute 5 + 3"),
    ("Compute 3 + 5 - 2.", "Compute 5 - 2 + 3."),
    ("7 × 8 = ?", "8 × 7 = ?"),
    ("(2 + 3) * 4 = ?", "4 * (3 + 2) = ?"),
    ("12 / 3 * 2", "2 * 12 / 3"),
    (
        "Tom has 3 apples and Ann has 5. How many together?",
        "Ann has 5 apples and Tom has 3. How many together?",
    ),
    ("6和19的最大公约数是多少？", "19和6的最大公约数是多少？"),
    ("Who wrote it, Ann or Bob?", "Who wrote it, Bob or Ann?"),
]
APART = [
    ("7 - 3", "3 - 7"),
    ("7 − 3", "3 − 7"),
    ("8 / 2", "2 / 8"),
    ("8÷2", "2÷8"),
    ("2^5", "5^2"),
    ("2 ** 5", "5 ** 2"),
    ("5 - 3 + 2", "5 + 3 - 2"),
    ("What is 7 minus 3?", "What is 3 minus 7?"),
    ("8 divided by 2", "2 divided by 8"),
    ("Subtract 3 from 7.", "Subtract 7 from 3."),
    ("What is 2 to the power of 5?", "What is 5 to the power of 2?"),
    ("Is 3 greater than 7?", "Is 7 greater than 3?"),
    ("How many days from 3 to 7?", "How many days from 7 to 3?"),
    ("ratio 3:4", "ratio 4:3"),
    ("born 2020-10-12", "born 2020-12-10"),
    ("7减3等于几", "3减7等于几"),
    ("Tom has 9 figs and gives 4 to Ann", "Tom has 4 figs and gives 9 to Ann"),
    ("gcd of 6 and 19", "gcd of 6 and 18"),
    ("gcd of 6 and 19", "lcm of 6 and 19"),
    ("What is the capital of France?", "What is the capital of Spain?"),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_the_same_numbers_in_another_order_are_likely_one_problem(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_an_order_that_means_something_keeps_two_problems_apart(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    "text", ["What is the capital of France?", "", "?", "7", "Is 3 greater than 7?", "2020-10-12"]
)
def test_a_question_with_nothing_to_reorder_is_its_own_key(text: str) -> None:
    assert key(text) == text


def test_likely_twins_are_on_one_side_of_a_split_and_in_one_cluster(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    pairs = [(a, b) for a in range(2, 14) for b in range(2, 14) if a != b]
    rows = [{"question": f"What is the gcd of {a} and {b}?", "answer": "1"} for a, b in pairs]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = Jsonl(path=str(path), test_fraction=0.5, dev_fraction=0.2)
    sides = {split: task.problems(split) for split in ("train", "dev", "test")}  # type: ignore[arg-type]
    assert sum(map(len, sides.values())) == len(pairs)
    seen = {split: {key(p.messages[-1]["content"]) for p in found} for split, found in sides.items()}
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["dev"]
    assert not seen["dev"] & seen["test"]
    for found in sides.values():
        assert len(set(clusters_of(found))) == len(found) / 2
