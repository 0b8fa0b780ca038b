"""What strategies are charged at the level shared, against a count of every position that passes a model.

A text that is continued is never cheaper than one that is written in one go: its last token was drawn but
not fed back, so the token before a continuation is paid with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from eval_world import FLOPS, SAMPLING, LastNumber, World, reply
from every_strategy import EVERY
from scripted import ScriptedEngine, tokens_of

from eval.grading import Grader
from eval.scorers import Length
from eval.strategies import Strategy
from eval.strategies.search.steps import StepSearch
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.scheduling.jobs import Charge, Outcome
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.types import Answer, Completion, Request, Sampling, Usage
from lab.formats.ledger import LedgerWriter

ALONE = [s for s in EVERY if not s.learns]
"""One of every strategy with every scorer, but for those that need a stage around them to learn."""


def told(strategy: Any, engine: ScriptedEngine, folder: Path, sampling: Sampling = SAMPLING) -> Outcome[Any]:
    """One problem's outcome, with what was charged request by request."""
    (problem,) = World(size=1).problems("test")
    question = Grader(problem, LastNumber()).question(sampling, ceiling=strategy.ceiling)
    with LedgerWriter(folder / "ledger.parquet", run="r", stage="s", model="m") as ledger:
        (outcome,) = run_plans(
            [Job("p", "x", strategy.plan(question), traced=True)],
            engine,
            bank=Bank(":memory:"),
            ledger=ledger,
            flops=FLOPS,
            run_seed=0,
            models={name: Backend(name, engine, FLOPS) for name in ("judge", "large")},
        )
    return outcome


class Places(dict[Any, int]):
    """A number for every beginning of a text: of the beginning before it, and the token."""

    def of(self, model: str, tokens: Sequence[int]) -> list[int]:
        """Those of each beginning of a text that a model reads, the shortest first."""
        found, last = [], self.setdefault(model, len(self))
        for token in tokens:
            found.append(last := self.setdefault((last, token), len(self)))
        return found


def passed(charges: Sequence[Charge]) -> float:
    """FLOPs of every position that some model computes, one by one."""
    total, there, prompts, places = 0.0, set[int](), set[int](), Places()
    for turn in sorted({charge.turn for charge in charges}):
        now = [charge for charge in charges if charge.turn == turn]
        for charge in now:
            total += read(charge, places.of(charge.request.model, charge.prompt), there, prompts)
        for charge in now:
            total += written(charge)
            there |= {*places.of(charge.request.model, charge.prompt + charge.completion.token_ids[:-1])}
    return total


def read(charge: Charge, places: list[int], there: set[int], prompts: set[int]) -> float:
    """A prompt: each position that is not there, at least the last, and the logits behind it."""
    if places[-1] in prompts:
        return 0.0
    prompts.add(places[-1])
    new = [at for at, place in enumerate(places, 1) if place not in there or at == len(places)]
    there |= set(places)
    logits = 0 if charge.request.role == "reward" else 1 + len(charge.completion.prefix_logprobs)
    return sum(position(FLOPS, at) for at in new) + 2.0 * FLOPS.head * logits


def written(charge: Charge) -> float:
    """Each drawn token but the last is fed back, and gives logits."""
    start, count = len(charge.prompt), charge.completion.usage.completion_tokens
    return sum(position(FLOPS, start + i) + 2.0 * FLOPS.head for i in range(1, count))


def position(flops: FlopsModel, at: int) -> float:
    """A forward pass of the token at this position, without logits."""
    return 2.0 * flops.linear + 4.0 * flops.attention * flops.full * at


@pytest.mark.parametrize("strategy", ALONE, ids=[s.label for s in ALONE])
def test_every_strategy_pays_for_each_position_that_passes_a_model(
    strategy: Strategy, tmp_path: Path
) -> None:
    outcome = told(strategy, ScriptedEngine(reply), tmp_path)
    assert outcome.charges
    assert outcome.cost.flops_shared == pytest.approx(passed(outcome.charges), rel=1e-12)


LINES = ("first 20 and 30\n", "makes 50\n", "then 4 and 5\n", "so it is 59")
TEXT = "".join(LINES)


def four_lines(request: Request) -> Completion:
    """The text, up to the next line's end where a step is asked for."""
    left = TEXT.removeprefix(request.prefix)
    said = left.partition("\n")[0] + "\n" if request.sampling.stop and "\n" in left else left
    ids, prompt = tokens_of(said), len("".join(m["content"] for m in request.messages) + request.prefix)
    stopped = "\n" if said.endswith("\n") else ""
    usage = Usage(prompt, 0, len(ids))
    return Completion(said.removesuffix("\n"), "stop", usage, (-0.5,) * len(ids), ids, {}, 0.1, "", stopped)


SEARCHES = {kind: m for kind, m in members_of(Strategy).items() if issubclass(m, StepSearch)}


@pytest.mark.parametrize("kind", SEARCHES)
def test_four_steps_are_never_cheaper_than_one_pass(kind: str, tmp_path: Path) -> None:
    """With one partial answer and nothing drawn beside it they cost exactly the same."""
    member = SEARCHES[kind]
    narrow = {"n": 1, "width": 1, "ahead": 0}
    fields = {name: value for name, value in narrow.items() if name in member.model_fields}
    search, engine = member(scorer=Length(), **fields), ScriptedEngine(four_lines)
    outcome = told(search, engine, tmp_path, SAMPLING.but(max_tokens=len(TEXT)))
    answer = outcome.result
    assert isinstance(answer, Answer)
    assert answer.text == TEXT
    prompt = len("".join(m["content"] for m in World(size=1).problems("test")[0].messages))
    once = FLOPS.request(prompt, 0, len(TEXT))
    alone = outcome.cost.completion_tokens == len(TEXT)
    assert isclose(outcome.cost.flops_shared, once) if alone else outcome.cost.flops_shared > once
    assert alone or kind == "mcts", "a simulation is drawn to its end behind its first step"
