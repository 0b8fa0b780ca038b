"""The audit counts the test questions whose numbers stand in another order in a training question."""

from __future__ import annotations

from typing import Any

import pytest
from data_gen_support import draft

from data_gen.audit.contamination import Contamination
from data_gen.similarity.overlap import TestQuestion
from lab.core.seeds import derive_seed
from lab.tasks.prompting import bucket
from lab.tasks.reasoning_gym.generators import draw
from lab.tasks.reasoning_gym.task import ReasoningGym

QUICKSTART: dict[str, dict[str, int]] = {
    "chain_sum": {"min_terms": 2, "max_terms": 3, "min_digits": 1, "max_digits": 2},
    "gcd": {"max_numbers": 2, "max_value": 40},
    "products": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2},
}


def by_text(dataset: str, split: str, count: int) -> list[str]:
    """Questions as they were drawn before: the side is a hash of the text, whatever the operands' order."""
    task = ReasoningGym(dataset=dataset, options=QUICKSTART[dataset])
    base = derive_seed("reasoning_gym", dataset, split, 0) % 2**31
    options = task.checker.options  # type: ignore[attr-defined]
    found: dict[str, None] = {}
    for index in range(2000):
        question = draw(dataset, options, base, index)["question"]
        if (bucket(question) < 0.5) == (split == "test"):
            found[question] = None
    return list(found)[:count]


def by_key(dataset: str, split: str, count: int) -> list[str]:
    task = ReasoningGym(dataset=dataset, options=QUICKSTART[dataset])
    return [item.question for item in task.items(split, 0, count)]  # type: ignore[arg-type]


def audit(train: list[str], tests: list[str]) -> dict[str, Any]:
    found = Contamination([TestQuestion("t", str(i), text) for i, text in enumerate(tests)], 13)
    for number, text in enumerate(train):
        found.add(draft("an answer", problem=f"p{number}", question=text))
    summary: dict[str, Any] = found.summary()["t"]
    return summary


def operands(question: str) -> tuple[str, ...]:
    """Counted another way: the signed numbers of a question, sorted."""
    figures = (
        question.split(": ")[1]
        .split(" Give", maxsplit=1)[0]
        .rstrip(" =.")
        .replace(",", "")
        .replace("*", "")
        .replace("+", "")
    )
    return (question.split(":", maxsplit=1)[0], *sorted(figures.replace("- ", "-").split()))


def test_twins_of_the_old_split_are_counted_and_the_new_one_has_none() -> None:
    old = [
        [q for name in QUICKSTART for q in by_text(name, split, n)]
        for split, n in (("train", 100), ("test", 64))
    ]
    new = [
        [q for name in QUICKSTART for q in by_key(name, split, n)]
        for split, n in (("train", 100), ("test", 64))
    ]
    for (train, tests), some in ((old, True), (new, False)):
        assert len(tests) == 192
        known = {operands(question) for question in train}
        expected = sum(operands(question) in known for question in tests)
        assert audit(train, tests)["twin_questions"] == expected
        assert (expected > 10) is some


@pytest.mark.parametrize(
    ("train", "test", "twins"),
    [
        ("What is the gcd of 19 and 6?", "What is the gcd of 6 and 19?", 1),
        ("What is the gcd of 6 and 19?", "what is the gcd of 6 and 19", 0),
        ("What is 7 - 3?", "What is 3 - 7?", 0),
        ("What is 7 + 3?", "What is 3 + 7?", 1),
        ("Is 7 more than 3?", "Is 3 more than 7?", 0),
    ],
)
def test_possible_twins_of_own_data_are_counted_and_shown(train: str, test: str, twins: int) -> None:
    found = audit([train, train], [test])
    assert (found["twin_questions"], found["equal_questions"]) == (
        twins,
        int(train.lower().rstrip("?") == test),
    )
    shown = [{"test": "0", "problem": "p0", "question": train, "test_question": test}] if twins else []
    assert found["twins"] == shown
