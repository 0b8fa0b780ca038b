"""Budgets: no plan spends more than it may, the rest comes back undrawn, and one request is always tried."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import ScriptedEngine

from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.ledger import Backend
from lab.core.scheduling.budget import BudgetTracker, Price
from lab.core.scheduling.scheduler import Job, run_plans
from lab.core.types import Budget, Request, Sampling
from lab.errors import EngineError, StageError
from lab.formats.ledger import LedgerWriter

SMALL = FlopsModel(linear=1000, head=100, attention=8, full=2)
LARGE = FlopsModel(linear=9000, head=100, attention=8, full=2)


def ask(text, **fields):
    return Request(({"role": "user", "content": text},), Sampling(max_tokens=10), **fields)


def batches(*sizes, text="q", **fields):
    """Draws batches of these sizes; returns how every request ended."""
    ends, index = [], 0
    for size in sizes:
        replies = yield [ask(text, index=index + i, **fields) for i in range(size)]
        index += size
        ends += [r.finish_reason for r in replies]
    return ends


def run(plan, budget, tmp_path, *, engine=None, models=None, bank=None):
    engine = engine or ScriptedEngine(lambda r: "abcd")
    with LedgerWriter(tmp_path / "l.parquet", run="r", stage="s", model="m") as ledger:
        jobs = [Job("p", "s", plan, budget)]
        bank = bank or Bank(":memory:")
        (outcome,) = run_plans(jobs, engine, bank=bank, ledger=ledger, flops=SMALL, run_seed=0, models=models)
    return outcome, pq.read_table(tmp_path / "l.parquet").to_pylist()


def test_samples_are_limited_over_batches_and_the_rest_costs_nothing(tmp_path):
    outcome, rows = run(batches(3, 4), Budget(samples=5), tmp_path)
    assert outcome.result == ["stop"] * 5 + ["budget"] * 2
    assert len(rows) == 5 == outcome.cost.requests


def test_verifier_calls_are_not_samples_but_their_tokens_count(tmp_path):
    outcome, _ = run(batches(6, role="verifier"), Budget(samples=1), tmp_path)
    assert outcome.result == ["stop"] * 6
    outcome, rows = run(batches(6, role="verifier"), Budget(tokens=18), tmp_path)
    assert outcome.result == ["stop"] * 3 + ["budget"] * 3, "10 reserved, 4 spent: at 4, 8, 12 (of 18) stop"
    assert sum(r["completion_tokens"] for r in rows) == 12


def test_what_was_reserved_and_not_used_is_given_back(tmp_path):
    outcome, rows = run(batches(10), Budget(tokens=25), tmp_path)
    drawn = outcome.result.count("stop")
    assert sum(r["completion_tokens"] for r in rows) == 4 * drawn == 16, "at 16 of 25, 10 more do not fit"


def test_the_first_request_is_shortened_to_fit(tmp_path):
    engine = ScriptedEngine(lambda r: "a" * r.sampling.max_tokens)
    outcome, rows = run(batches(3), Budget(tokens=7), tmp_path, engine=engine)
    assert outcome.result == ["stop", "budget", "budget"]
    assert [r["completion_tokens"] for r in rows] == [7]


@pytest.mark.parametrize("share", [1.0, 2.5, 7.0])
def test_flops_are_limited_and_nearly_used(share, tmp_path):
    one = SMALL.request(1, 0, 10)
    engine = ScriptedEngine(lambda r: "a" * 10)
    _, rows = run(batches(20), Budget(flops=share * one), tmp_path, engine=engine)
    spent = sum(r["flops_shared"] for r in rows)
    assert share * one - one < spent <= share * one


def test_a_budget_that_does_not_allow_one_token_draws_nothing(tmp_path):
    outcome, rows = run(batches(2), Budget(flops=1.0), tmp_path)
    assert (outcome.result, rows) == (["budget"] * 2, [])


def test_banked_samples_are_charged_to_the_budget_too(tmp_path):
    bank = Bank(":memory:")
    run(batches(8), None, tmp_path, bank=bank)
    engine = ScriptedEngine(lambda r: "abcd")
    outcome, rows = run(batches(8), Budget(samples=3), tmp_path, bank=bank, engine=engine)
    assert outcome.result == ["stop"] * 3 + ["budget"] * 5
    assert not engine.submitted
    assert len(rows) == 3


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    samples=st.none() | st.integers(1, 12),
    tokens=st.none() | st.integers(1, 90),
    flops=st.none() | st.floats(1e3, 4e5),
    shuffle=st.integers(0, 5),
)
def test_no_limit_is_ever_passed(sizes, samples, tokens, flops, shuffle, tmp_path_factory):
    engine = ScriptedEngine(lambda r: "x" * (r.sampling.seed % (r.sampling.max_tokens + 1)), shuffle=shuffle)
    outcome, rows = run(
        batches(*sizes), Budget(samples, tokens, flops), tmp_path_factory.mktemp("b"), engine=engine
    )
    assert len(outcome.result) == sum(sizes)
    assert len(rows) == sum(end != "budget" for end in outcome.result) <= (samples or 99)
    assert sum(r["completion_tokens"] for r in rows) <= (tokens or 10**9)
    assert sum(r["flops_shared"] for r in rows) <= (flops or 1e99) * (1 + 1e-9)


def both(text):
    first = yield [ask(text, index=0), ask(text, index=0, model="big"), ask(text, role="reward", model="big")]
    return [c.text for c in first]


def test_each_model_draws_its_own_and_is_charged_at_its_own_size(tmp_path):
    small, big = ScriptedEngine(lambda r: "small"), ScriptedEngine(lambda r: "larger")
    big.identity = "big"
    models = {"big": Backend("gemma", big, LARGE)}
    outcome, rows = run(both("q"), None, tmp_path, engine=small, models=models)
    assert outcome.result == ["small", "larger", "larger"]
    assert [r["model"] for r in rows] == ["m", "gemma", "gemma"]
    assert rows[0]["flops_logical"] == SMALL.request(1, 0, 5)
    assert rows[1]["flops_logical"] == LARGE.request(1, 0, 6)
    assert rows[2]["flops_logical"] == LARGE.classify(1) + LARGE.decode(1, 6)
    assert rows[2]["shared_tokens"] == 1, "the big model has that prompt already"
    assert rows[1]["shared_tokens"] == 0, "the small model's cache is not the big one's"


def test_a_model_that_is_not_there_ends_the_stage_with_the_nearest_name(tmp_path):
    models = {"judge": Backend("j", ScriptedEngine(lambda r: ""), LARGE)}
    with pytest.raises(StageError, match=r"no model called 'jugde'. Did you mean 'judge'\?"):
        run(batches(2, model="jugde"), None, tmp_path, models=models)


def test_a_prompt_that_cannot_be_rendered_ends_the_stage(tmp_path):
    class Picky(ScriptedEngine):
        def render(self, request):
            if "bad" in str(request.messages):
                raise ValueError("the template refuses this")
            return super().render(request)

    def one_bad():
        yield [ask("fine"), ask("bad")]

    said = "strategy 's', problem a: the prompt could not be made: the template refuses this"
    with pytest.raises(StageError, match=said):
        run_jobs([Job("a", "s", one_bad()), Job("b", "s", batches(2, text="b"))], tmp_path, Picky)


def run_jobs(jobs, tmp_path, engine):
    with LedgerWriter(tmp_path / "l.parquet", run="r", stage="s", model="m") as ledger:
        return list(
            run_plans(
                jobs,
                engine(lambda r: "abcd"),
                bank=Bank(":memory:"),
                ledger=ledger,
                flops=SMALL,
                run_seed=0,
            )
        )


def test_an_engine_that_dies_surfaces(tmp_path):
    def dies(request):
        raise EngineError("gone")

    with pytest.raises(EngineError):
        run(batches(2), Budget(samples=1), tmp_path, engine=ScriptedEngine(dies))


def test_a_purse_keeps_what_was_spent_and_gives_the_rest_back():
    tracker = BudgetTracker(Budget(samples=2, tokens=20))
    price = Price(1, 10, 5.0)
    tracker.reserve(price)
    assert tracker.admits(price)
    tracker.reserve(price)
    assert not tracker.admits(price)
    tracker.settle(price, 4, 2.0)
    assert (tracker.samples, tracker.tokens, tracker.flops) == (2, 14, 7.0)
    assert not tracker.admits(Price(1, 1, 0.0)), "a sample stays a sample"
    assert tracker.admits(Price(0, 6, 0.0))
