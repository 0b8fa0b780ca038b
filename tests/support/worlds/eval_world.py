"""A small world for the evaluation tests: problems, a checker, and a script that plays the model.

The text of a sample is a pure function of (messages, seed): a number between 0 and 4, sometimes nothing
that can be parsed. The gold of problem i is i modulo 4.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow.parquet as pq
from scripted import ScriptedEngine, tokens_of

from eval.evaluate import evaluate
from eval.evaluation.evaluation import Evaluation
from eval.strategies import Strategy
from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.protocols import Checker, Split
from lab.core.types import Completion, FinishReason, Problem, Request, Sampling, Usage, Verdict
from lab.system.progress import Quiet

FLOPS = FlopsModel(linear=1000, head=100, attention=8, full=2)
GOLD = "GOLD-SECRET-"
OPTIONS = ("it is 0", "it is 1", "it is 2", "it is 3", "it is 4")
SAMPLING = Sampling(temperature=0.8, max_tokens=32)


class LastNumber(Checker):
    """Right when the last number is the gold's."""

    def canonical(self, text: str) -> str | None:
        found = re.findall(r"\d+", text)
        return found[-1] if found else None

    def check(self, problem: Problem, text: str) -> Verdict:
        value = self.canonical(text)
        return Verdict(value is not None and f"{GOLD}{value}" == problem.gold, value)

    def points_at_answer(self, text: str) -> bool:
        """A number is read from a text that was cut off, too."""
        return True


@dataclass
class World:
    """A task of `size` problems."""

    label: str = "numbers"
    size: int = 6
    max_tokens: int | None = None
    checker: Checker = field(default_factory=LastNumber)
    template: int = 0
    limit: int | None = None

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        assert split in ("test", "dev")
        return [self._problem(i, split) for i in range(self.size)]

    def _problem(self, i: int, split: str) -> Problem:
        meta: dict[str, object] = (
            {"template": f"t{i // self.template}"} if self.template else {"family": self.label}
        )
        meta["options"] = OPTIONS
        which = "problem" if split == "test" else "dev exercise"
        message = {"role": "user", "content": f"What is {self.label} {which} {i} about?"}
        id = f"{self.label}/{i}" if split == "test" else f"{self.label}/dev/{i}"
        return Problem(id, (message,), f"{GOLD}{i % 4}", meta)  # type: ignore[arg-type]


def reply(request: Request) -> Completion:
    """A sample, a step, a verdict, a choice, a likelihood or a classifier's scores, by what is asked."""
    key = key_of(request)
    seed = request.sampling.seed if request.sampling.temperature > 0 else "greedy"
    lot = random.Random(f"{key}/{seed}/{request.sampling.temperature}")
    if request.role == "reward":
        return replace(completion(request, ""), scores=(lot.random(), lot.random(), lot.random()))
    if options := request.sampling.allowed_tokens:
        choices = {option: -lot.random() - 0.1 for option in options}
        return completion(request, max(choices, key=choices.__getitem__), choices=choices)
    if request.role == "verifier":
        said = lot.choice(
            ["Verdict: correct", "Verdict: incorrect", "Hard to say.", "No errors.", "I pick 2."]
        )
        return completion(request, f"Let me see. {said}")
    if request.sampling.stop and lot.random() < 0.6:
        step = completion(request, f"first {lot.randrange(9)}", lot=lot)
        return replace(step, stopped=request.sampling.stop[0])
    if lot.random() < 0.15:
        return completion(request, "I do not know" + "." * lot.randrange(4), lot=lot)
    return completion(request, "so " * lot.randrange(3) + f"the answer is {lot.randrange(5)}.", lot=lot)


def key_of(request: Request) -> str:
    """All the text it holds."""
    return "".join(m["content"] for m in request.messages) + request.prefix


SAID = ["Verdict: correct", "Verdict: incorrect", "Hard to say.", "No errors.", "I pick 2."]


def completion(
    request: Request, text: str, *, lot: random.Random | None = None, choices: dict[str, float] | None = None
) -> Completion:
    """One token a character, cut at `max_tokens`, with the numbers per token that are asked for."""
    cut = text[: request.sampling.max_tokens]
    ids = tokens_of(cut)
    draw = lot or random.Random(text)
    sampling, count = request.sampling, len(ids)
    logprobs = tuple(-draw.random() for _ in ids) if sampling.logprobs else ()
    sure = tuple(5 + 5 * draw.random() for _ in range(count if sampling.certainty else 0))
    prompt = len(key_of(request))
    end: FinishReason = "stop" if cut == text else "length"
    drawn = Completion(cut, end, Usage(prompt, 0, count), logprobs, ids, choices or {}, 0.125)
    scored = random.Random(key_of(request)) if sampling.score_prefix else None
    likely = tuple(-scored.random() for _ in request.prefix) if scored else ()
    return replace(drawn, confidence=sure, certainty=sure, prefix_logprobs=likely)


def broken(text: str = "out of memory", tokens: int = 0) -> Completion:
    """A completion that failed after `tokens` tokens."""
    return Completion("", "error", Usage(10, 0, tokens), error=text)


def run_evaluate(
    out: Path,
    strategies: Sequence[Strategy],
    *,
    engine: ScriptedEngine | None = None,
    bank: Bank | None = None,
    tasks: Sequence[World] = (World(),),
    stage: str = "before",
    max_failed: float = 1.0,
) -> ScriptedEngine:
    """Evaluate into `out`; returns the engine, which knows what it emitted."""
    engine = engine or ScriptedEngine(reply)
    evaluate(
        Evaluation(
            run="r",
            stage=stage,
            model="tiny",
            tasks=tasks,
            strategies=strategies,
            sampling=SAMPLING,
            seed=7,
            sizes={"": FLOPS},
            max_failed=max_failed,
        ),
        engine=engine,
        bank=bank or Bank(":memory:"),
        out=out,
        progress=Quiet(),
    )
    return engine


def rows(out: Path, name: str = "answers") -> list[dict]:  # type: ignore[type-arg]
    """The rows of one of the stage's Parquet files."""
    return pq.read_table(out / f"{name}.parquet").to_pylist()  # type: ignore[no-any-return]
