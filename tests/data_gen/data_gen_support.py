"""A small arithmetic task, an engine that gets some of it right, and drafts, for the tests of data_gen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from scripted import ScriptedEngine, tokens_of

from data_gen.drafts import Draft
from data_gen.filters.defaults import RIGHT
from data_gen.generate import generate
from data_gen.generation.settings import CorpusSettings
from data_gen.generation.work import Generation
from data_gen.methods import RejectionSampling
from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Checker
from lab.core.types import Completion, Example, Problem, Request, Sampling, Usage, Verdict
from lab.system.progress import Quiet

GOLD = "GOLDSENTINEL"


class LastNumber(Checker):
    """Right if the last number of the text is the gold's."""

    def check(self, problem: Problem, text: str) -> Verdict:
        if "unscorable" in text:
            return Verdict(None, None, "not for me")
        if "explode" in text:
            raise ValueError("odd answer")
        value = self.canonical(text)
        return Verdict(value == problem.gold.removeprefix(GOLD), value, "" if value else "no number")

    def canonical(self, text: str) -> str | None:
        found = re.findall(r"\d+", text)
        return found[-1] if found else None

    def points_at_answer(self, text: str) -> bool:
        """A number is read from a text that was cut off, too."""
        return True


@dataclass
class Sums:
    """`size` additions; the test split has other numbers."""

    label: str = "sums"
    size: int = 12
    limit: int | None = None
    max_tokens: int | None = 40
    checker: LastNumber = field(default_factory=LastNumber)
    kind: ClassVar[str] = "sums"

    def problems(self, split: str, *, seed: int = 0) -> list[Problem]:
        shift = 0 if split == "train" else 50
        return [self.problem(split, i, i + shift + seed, i + 1) for i in range(self.size)]

    def terms(self) -> str:
        return ""

    def skipped(self) -> dict[str, str]:
        return {}

    def problem(self, split: str, i: int, a: int, b: int) -> Problem:
        turn = {"role": "user", "content": f"What is {a} + {b}? End with the number."}
        return Problem(
            f"{self.label}/{split}/{i}",
            (turn,),
            f"{GOLD}{a + b}",
            {"family": "sum", "solution": f"{GOLD} it is {a + b}"},
        )  # type: ignore[arg-type]


def solver(request: Request) -> str | Completion:
    """Right, wrong, cut off, repeated or failing, as the seed says: a pure function of the request."""
    seed = request.sampling.seed or 0
    a, b = map(int, re.findall(r"(\d+) \+ (\d+)", request.messages[-1]["content"])[0])
    wrong = seed % 3 == 0
    text = f"{'so ' * (seed % 9)}{a} + {b} = {a + b + wrong}"
    if seed % 7 == 0:
        return completion(request, text, "length")
    if seed % 11 == 0:
        return Completion("", "error", Usage(0, 0, 0), error="no luck")
    return completion(request, text, "stop")


def completion(request: Request, text: str, finish: str) -> Completion:
    ids, prompt = tokens_of(text), tokens_of(request.messages[-1]["content"])
    return Completion(text, finish, Usage(len(prompt), 0, len(ids)), token_ids=ids, seconds=0.5)  # type: ignore[arg-type]


def make(
    out: Path,
    *,
    bank: Bank,
    flops: FlopsModel,
    engine: ScriptedEngine | None = None,
    tasks: Sequence[Any] | None = None,
    filters: Sequence[Any] = RIGHT,
    samples: int = 8,
    test_tasks: Sequence[Any] = (),
    provenance: dict[str, Any] | None = None,
    method: Any = None,
    max_failed: float = 1.0,
) -> Path:
    """Run the generate stage with small defaults."""
    settings = CorpusSettings(
        run="tests",
        stage="corpus",
        model="scripted",
        tasks=[Sums()] if tasks is None else tasks,
        method=method or RejectionSampling(samples=samples),
        filters=filters,
        sampling=Sampling(),
        test_tasks=test_tasks,
        run_seed=0,
        provenance={} if provenance is None else provenance,
        max_failed=max_failed,
    )
    drawn = engine or ScriptedEngine(solver, shuffle=1)
    generate(Generation(settings), out, engine=drawn, bank=bank, flops=flops, progress=Quiet())
    return out


def draft(
    text: str, *, problem: str = "p", index: int = 0, correct: bool | None = True, **more: Any
) -> Draft:
    """A draft whose token count is its number of words."""
    turn = {"role": "user", "content": more.get("question", f"question of {problem}")}
    asked = Problem(problem, (turn,), "1")  # type: ignore[arg-type]
    meta = {"index": index, "finish_reason": more.get("finish", "stop"), "prompt_tokens": 5}
    meta["completion_tokens"] = more.get("tokens", len(text.split()))
    return Draft("task", asked, Example(problem, asked.messages, text, meta), Verdict(correct, "1"))
