"""A reward that a toy model can learn, as the training process finds it by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from lab.core.types import Problem, Verdict

REWARD = {"factory": "online_world:open_reward", "count": 6}


@dataclass(frozen=True)
class Letters:
    """Right: two lowercase letters or more; unscored: it holds the digit 7."""

    count: int

    def problems(self) -> list[Problem]:
        texts = [f"{'please ' * (i % 3)}sing {i}" for i in range(self.count)]
        return [
            Problem(f"p{i}", ({"role": "user", "content": text},), "gold") for i, text in enumerate(texts)
        ]

    def check(self, problem: Problem, text: str, *, cut: bool = False) -> Verdict:
        assert problem.gold == "gold"
        assert "user" not in text
        if "7" in text:
            return Verdict(None, None, "odd")
        return Verdict(sum(c in ascii_lowercase for c in text) > 1, text)


def open_reward(spec: Mapping[str, Any]) -> Letters:
    return Letters(int(spec["count"]))
