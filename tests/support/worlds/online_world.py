"""Rewards that a toy model can learn: an answer with lowercase letters is right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from lab.core.types import Problem, Verdict
from lab.tasks import Jsonl
from lab.tasks.checkers.regex import Regex
from lab.tasks.rewards import reward_spec

PAIRS = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]


def songs(count: int) -> list[str]:
    """Questions of different lengths."""
    return [f"{'please ' * (i % 3)}sing {i}" for i in range(count)]


def letters(file: Path, count: int = 6) -> dict[str, Any]:
    """The reward as the training process is told of it; its task reads `file`, which is written here."""
    rows = [{"question": text, "answer": PAIRS} for text in songs(count)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return reward_spec([Jsonl(train=str(file), checker=Regex(pattern="[a-z]{2}", compare="exact"))], 3)


@dataclass(frozen=True)
class Letters:
    """Two letters anywhere, without a task, and unscored with the digit 7: for tests within this process."""

    count: int = 6

    def problems(self) -> list[Problem]:
        return [
            Problem(f"p{i}", ({"role": "user", "content": text},), "gold")
            for i, text in enumerate(songs(self.count))
        ]

    def check(self, problem: Problem, text: str, *, cut: bool = False) -> Verdict:
        assert problem.gold == "gold"
        assert "user" not in text
        if "7" in text:
            return Verdict(None, None, "odd")
        return Verdict(sum(c in ascii_lowercase for c in text) > 1, text)
