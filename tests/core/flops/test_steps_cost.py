"""What it costs to write a text in steps, each continuing the last: never less than in one go."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedEngine

from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Cost
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.types import Plan, Request
from lab.formats.ledger import LedgerWriter

FLOPS = FlopsModel(linear=1000, head=100, attention=8, full=2)
TOKEN = 2 * 1000 + 2 * 100
"""A forward pass of one token with its logits, without attention."""


def written(pieces: list[str], folder: Path, prompt: str = "what?") -> Cost:
    """The cost of a plan that has these pieces drawn one after the other."""

    def plan() -> Plan[None]:
        held = ""
        for i, piece in enumerate(pieces):
            yield [Request(({"role": "user", "content": prompt},), prefix=held, index=i)]
            held += piece

    engine = ScriptedEngine(lambda request: pieces[request.index])
    with LedgerWriter(folder / "ledger.parquet", run="r", stage="s", model="m") as ledger:
        jobs = [Job("p", "x", plan())]
        (outcome,) = run_plans(jobs, engine, bank=Bank(":memory:"), ledger=ledger, flops=FLOPS, run_seed=0)
    return outcome.cost


def attention(start: int, end: int) -> int:
    return 4 * 8 * 2 * sum(range(start + 1, end + 1))


def test_four_steps_cost_what_one_pass_costs(tmp_path: Path) -> None:
    """Prompt of 5, answer of 12: 16 tokens pass through the model, of 12 the logits are used."""
    right = 5 * 2000 + 200 + 11 * TOKEN + attention(0, 16)
    assert written(["abcdefghijkl"], tmp_path).flops_shared == right
    assert written(["abc", "def", "ghi", "jkl"], tmp_path).flops_shared == right
    assert written(list("abcdefghijkl"), tmp_path).flops_shared == right


def test_a_prompt_that_was_only_the_beginning_of_another_needs_its_own_logits(tmp_path: Path) -> None:
    def plan() -> Plan[None]:
        yield [
            Request(({"role": "user", "content": "hello"},)),
            Request(({"role": "user", "content": "hell"},)),
        ]

    with LedgerWriter(tmp_path / "ledger.parquet", run="r", stage="s", model="m") as ledger:
        (outcome,) = run_plans(
            [Job("p", "x", plan())],
            ScriptedEngine(lambda request: "!"),
            bank=Bank(":memory:"),
            ledger=ledger,
            flops=FLOPS,
            run_seed=0,
        )
    assert outcome.cost.flops_shared == FLOPS.prefill(5) + FLOPS.prefill(4, 3)


@settings(max_examples=60)
@given(st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6))
def test_steps_are_never_cheaper_than_one_go(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    whole, steps = written(["".join(pieces)], folder), written(pieces, folder)
    assert steps.flops_shared == whole.flops_shared
    assert steps.flops_logical >= whole.flops_logical
    assert steps.completion_tokens == whole.completion_tokens
