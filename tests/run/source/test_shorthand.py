"""Components on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from eval.strategies import Strategy
from lab.errors import InputError
from lab.run.source.shorthand import parse, split
from lab.tasks import Task


@pytest.mark.parametrize(
    ("text", "union", "data"),
    [
        ("greedy", Strategy, {"kind": "greedy"}),
        ("self_consistency:n=16", Strategy, {"kind": "self_consistency", "n": 16}),
        ("reasoning_gym:gcd", Task, {"kind": "reasoning_gym", "dataset": "gcd"}),
        ("reasoning_gym:gcd,limit=8", Task, {"kind": "reasoning_gym", "dataset": "gcd", "limit": 8}),
        (
            "reasoning_gym:gcd, options={max_value: 40, min_value: 2}",
            Task,
            {"kind": "reasoning_gym", "dataset": "gcd", "options": {"max_value": 40, "min_value": 2}},
        ),
        (
            "best_of_n:n=4,scorer=mean_logprob",
            Strategy,
            {"kind": "best_of_n", "n": 4, "scorer": {"kind": "mean_logprob"}},
        ),
        ('{"kind": "greedy", "name": "g"}', Strategy, {"kind": "greedy", "name": "g"}),
    ],
)
def test_parse(text: str, union: Any, data: dict[str, Any]) -> None:
    assert parse(text, union, "--x") == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("greedyy", "--x: unknown kind 'greedyy'. Did you mean 'greedy'?"),
        ("self_consistency:n=4,8", "--x: expected key=value, found '8'"),
        ("self_consistency:n=[", "--x: not valid YAML"),
        ("[greedy]", "--x: unknown kind"),
        ("greedy:3", "--x: this kind takes no value; found '3'"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, Strategy, "--x")
    assert str(caught.value).startswith(message)


def test_split_respects_brackets_and_quotes() -> None:
    assert split("a=1,b=[1,2],c={x: 1, y: 2},d='1,2', ") == ["a=1", "b=[1,2]", "c={x: 1, y: 2}", "d='1,2'"]
