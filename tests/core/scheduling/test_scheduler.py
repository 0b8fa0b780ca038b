"""The scheduler: order, sharing, charging, failures and resuming."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from scripted import ScriptedEngine

from lab.core.bank.store import Bank
from lab.core.flops.model import FlopsModel
from lab.core.scheduling.scheduler import Job, Outcome, run_plans
from lab.core.types import Completion, Plan, Request, Sampling, Usage
from lab.engine.fake.engine import FakeEngine
from lab.errors import CompletionError, EngineError
from lab.formats.ledger import LedgerWriter


def ask(text: str, **fields: object) -> Request:
    return Request(({"role": "user", "content": text},), **fields)  # type: ignore[arg-type]


def samples(text: str, n: int) -> Plan[list[str]]:
    replies = yield [ask(text, tag="sample", index=i) for i in range(n)]
    return [reply.text for reply in replies]


def two_steps(text: str, n: int) -> Plan[str]:
    drawn = yield [ask(text, tag="sample", index=i) for i in range(n)]
    checked = yield [ask(text + c.text + "ok?", tag="verify", role="verifier") for c in drawn]
    return "|".join(c.text for c in checked)


def by_seed(request: Request) -> str:
    return f"a{request.sampling.seed % 97}"  # type: ignore[operator]


def run(jobs: list[Job], engine: ScriptedEngine, bank: Bank, flops: FlopsModel, path: Path) -> list[Outcome]:  # type: ignore[type-arg]
    with LedgerWriter(path, run="r", stage="s", model="m") as ledger:
        return list(run_plans(jobs, engine, bank=bank, ledger=ledger, flops=flops, run_seed=0))


def some_jobs() -> list[Job]:  # type: ignore[type-arg]
    jobs: list[Job] = []  # type: ignore[type-arg]
    for p in range(5):
        jobs += [Job(f"p{p}", "eight", samples(f"q{p}", 8)), Job(f"p{p}", "four", samples(f"q{p}", 4))]
        jobs += [Job(f"p{p}", "two", two_steps(f"q{p}", 3))]
    return jobs


def test_outcomes_come_in_job_order_whatever_order_the_engine_finishes_in(bank, flops, tmp_path):
    got = run(some_jobs(), ScriptedEngine(by_seed, shuffle=3), bank, flops, tmp_path / "ledger.parquet")
    assert [(o.job.group, o.job.strategy) for o in got] == [(j.group, j.strategy) for j in some_jobs()]
    assert got[0].result[:4] == got[1].result, "the first four samples are shared"
    assert len(set(got[0].result)) > 1, "samples differ by index"


def test_shared_samples_are_executed_once_and_charged_to_each(bank, flops, tmp_path):
    engine = ScriptedEngine(by_seed)
    got = run(some_jobs(), engine, bank, flops, tmp_path / "ledger.parquet")
    rows = pq.read_table(tmp_path / "ledger.parquet").to_pylist()
    executed = sum(r["completion_tokens"] for r in rows if r["served_from"] == "engine")
    assert executed == engine.emitted
    assert sum(o.cost.completion_tokens for o in got) == sum(r["completion_tokens"] for r in rows) > executed
    assert {r["strategy"] for r in rows if r["served_from"] == "engine"} == {"eight", "two"}


def test_a_second_run_executes_nothing_and_is_charged_the_same(flops, tmp_path):
    bank = Bank(tmp_path / "bank.sqlite")
    first, second = ScriptedEngine(by_seed), ScriptedEngine(by_seed)
    one = run(some_jobs(), first, bank, flops, tmp_path / "s-1" / "ledger.parquet")
    two = run(some_jobs(), second, bank, flops, tmp_path / "s-2" / "ledger.parquet")
    assert second.emitted == 0
    assert [o.cost for o in one] == [o.cost for o in two]
    assert set(pq.read_table(tmp_path / "s-2" / "ledger.parquet")["served_from"].to_pylist()) == {"bank"}


@pytest.mark.parametrize("dies_after", [1, 7, 23])
def test_interrupted_and_continued_writes_the_same_bytes(flops, tmp_path, dies_after):
    whole = tmp_path / "whole" / "s-1" / "ledger.parquet"
    run(some_jobs(), ScriptedEngine(by_seed, shuffle=1), Bank(":memory:"), flops, whole)

    bank, left = Bank(tmp_path / "bank.sqlite"), [dies_after]

    def dying(request: Request) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise EngineError("died")
        return by_seed(request)

    path = tmp_path / "broken" / "s-1" / "ledger.parquet"
    with pytest.raises(EngineError):
        run(some_jobs(), ScriptedEngine(dying, shuffle=1), bank, flops, path)
    assert not path.exists(), "nothing half-written looks finished"
    again = ScriptedEngine(by_seed, shuffle=2)
    run(some_jobs(), again, bank, flops, path)
    assert path.read_bytes() == whole.read_bytes()
    uninterrupted = ScriptedEngine(by_seed)
    run(some_jobs(), uninterrupted, Bank(":memory:"), flops, tmp_path / "x.parquet")
    assert len(again.submitted) == len(uninterrupted.submitted) - dies_after, "banked work is not paid again"


def test_shared_tokens_are_the_longest_common_prefix_within_the_plan(bank, flops, tmp_path):
    def plan() -> Plan[None]:
        yield [ask("hello"), ask("hello", index=1), ask("help")]
        yield [ask("helloAB"), ask("zzz")]

    run([Job("p", "x", plan())], ScriptedEngine(lambda r: "ABC"), bank, flops, tmp_path / "l.parquet")
    rows = pq.read_table(tmp_path / "l.parquet").to_pylist()
    assert [r["shared_tokens"] for r in rows] == [0, 5, 3, 6, 0], "a new prompt's last token is computed"
    assert rows[1]["flops_shared"] == flops.decode(5, 3)
    assert rows[1]["flops_logical"] == flops.request(5, 0, 3)


def test_a_plan_that_raises_is_a_failed_row_and_is_charged(bank, flops, tmp_path):
    def bad() -> Plan[str]:
        yield [ask("one")]
        raise ValueError("broken idea")

    jobs = [Job("p1", "bad", bad()), Job("p2", "good", samples("q", 2))]
    got = run(jobs, ScriptedEngine(by_seed), bank, flops, tmp_path / "l.parquet")
    assert "broken idea" in got[0].error
    assert got[0].cost.requests == 1
    assert got[1].error == ""


def failing(request: Request) -> str | Completion:
    if request.index == 1:
        return Completion("", "error", Usage(3, 0, 2), error="no luck")
    return "fine"


def test_a_required_completion_that_fails_raises_in_the_plan_and_is_charged(bank, flops, tmp_path):
    def catches() -> Plan[str]:
        try:
            yield [ask("q", index=i) for i in range(3)]
        except CompletionError as error:
            return str(error)
        return "not raised"

    engine = ScriptedEngine(failing)
    got = run(
        [Job("p", "x", catches()), Job("p", "y", samples("q", 3))],
        engine,
        bank,
        flops,
        tmp_path / "l.parquet",
    )
    assert got[0].result == "no luck"
    assert "CompletionError" in got[1].error
    assert got[0].cost.completion_tokens == 4 + 2 + 4


def test_a_failed_completion_that_is_not_required_is_handed_over_and_never_banked(bank, flops, tmp_path):
    def plan() -> Plan[list[str]]:
        replies = yield [ask("q", index=i, required=False) for i in range(3)]
        return [r.finish_reason for r in replies]

    engine = ScriptedEngine(failing)
    got = run([Job("p", "x", plan())], engine, bank, flops, tmp_path / "l.parquet")
    assert got[0].result == ["stop", "error", "stop"]
    run([Job("p", "x", plan())], engine, bank, flops, tmp_path / "l2.parquet")
    assert len(engine.submitted) == 4, "only the failed one is asked for again"


def test_a_plan_may_yield_no_requests(bank, flops, tmp_path):
    def plan() -> Plan[str]:
        nothing = yield []
        one = yield [ask("q")]
        return f"{len(nothing)}{len(one)}"

    got = run([Job("p", "x", plan())], ScriptedEngine(by_seed), bank, flops, tmp_path / "l.parquet")
    assert got[0].result == "01"


def test_greedy_ignores_index_and_seed(bank, flops, tmp_path):
    def plan() -> Plan[None]:
        yield [ask("q", index=i, sampling=Sampling(temperature=0.0)) for i in range(4)]

    engine = ScriptedEngine(lambda r: "x")
    run([Job("p", "x", plan())], engine, bank, flops, tmp_path / "l.parquet")
    assert len(engine.submitted) == 1


def test_logprobs_are_drawn_again_only_when_missing(bank, flops, tmp_path):
    def plan(logprobs: bool) -> Plan[int]:
        (reply,) = yield [ask("q", sampling=Sampling(logprobs=logprobs))]
        return len(reply.logprobs)

    def script(request: Request) -> Completion:
        values = (-0.1,) if request.sampling.logprobs else ()
        return Completion("x", "stop", Usage(1, 0, 1), values, (120,))

    engine = ScriptedEngine(script)
    for wanted, executed in ((False, 1), (True, 2), (False, 2), (True, 2)):
        got = run([Job("p", "x", plan(wanted))], engine, bank, flops, tmp_path / "l.parquet")
        assert got[0].result >= wanted
        assert len(engine.submitted) == executed


def test_a_failed_completion_asked_for_again_is_executed_and_charged_again(bank, flops, tmp_path):
    def stubborn():
        ends = []
        for _ in range(3):
            (reply,) = yield [ask("q", tag="sample", required=False)]
            ends.append(reply.finish_reason)
        return ends

    def fails(request):
        return Completion("", "error", Usage(1, 0, 5), error="broken")

    engine = ScriptedEngine(fails)
    (outcome,) = run([Job("p", "s", stubborn())], engine, bank, flops, tmp_path / "ledger.parquet")
    assert outcome.result == ["error"] * 3
    rows = pq.read_table(tmp_path / "ledger.parquet").to_pylist()
    assert [r["served_from"] for r in rows] == ["engine"] * 3
    assert sum(r["completion_tokens"] for r in rows) == engine.emitted == 15


def test_a_failed_completion_two_wait_for_is_executed_once(bank, flops, tmp_path):
    def twice():
        replies = yield [ask("q", required=False), ask("q", required=False)]
        return [r.finish_reason for r in replies]

    engine = ScriptedEngine(lambda r: Completion("", "error", Usage(1, 0, 5), error="broken"))
    run([Job("p", "s", twice())], engine, bank, flops, tmp_path / "ledger.parquet")
    rows = pq.read_table(tmp_path / "ledger.parquet").to_pylist()
    assert [r["served_from"] for r in rows] == ["engine", "bank"]
    assert engine.emitted == 5


def test_the_engine_is_given_the_request_as_it_was_asked_but_for_the_seed(bank, flops, tmp_path):
    sampling = Sampling(
        temperature=0.5, top_p=0.9, max_tokens=7, stop=("x",), logprobs=True, certainty=True, json_schema="{}"
    )
    asked = ask("q", sampling=sampling, role="verifier", prefix="p", tag="t", index=3, required=False)
    asked = replace(asked, speaker="user")

    def plan() -> Plan[None]:
        yield [asked]

    engine = ScriptedEngine(lambda r: "1")
    run([Job("p", "s", plan())], engine, bank, flops, tmp_path / "l.parquet")
    (given,) = engine.submitted
    assert given.sampling.seed is not None
    assert replace(given, sampling=given.sampling.but(seed=None)) == asked


def test_a_sample_that_several_want_with_different_numbers_is_not_drawn_in_every_run(flops, tmp_path):
    """Each draw replaced the other's numbers, so that both were drawn, and paid for, on every resume."""

    def plan(**numbers: bool) -> Plan[int]:
        (reply,) = yield [ask("q", sampling=Sampling(**numbers))]
        return len(reply.logprobs) + 10 * len(reply.certainty)

    def script(request: Request) -> Completion:
        s = request.sampling
        logprobs, sure = (-0.1,) * s.logprobs, (1.0,) * s.certainty
        return Completion("x", "stop", Usage(1, 0, 1), logprobs, (120,), confidence=sure, certainty=sure)

    bank, engine = Bank(tmp_path / "bank.sqlite"), ScriptedEngine(script, shuffle=1)
    for run_number in range(4):
        jobs = [
            Job("p", "a", plan(logprobs=True)),
            Job("p", "b", plan(certainty=True)),
            Job("p", "c", plan()),
        ]
        got = run(jobs, engine, bank, flops, tmp_path / "l.parquet")
        assert got[0].result % 10 == 1
        assert got[1].result >= 10
        if run_number == 0:
            drawn = len(engine.submitted)
    assert len(engine.submitted) == drawn <= 3


def test_equal_prompts_of_different_problems_are_different_samples(bank, flops, tmp_path):
    engine = ScriptedEngine(by_seed)
    jobs = [Job(name, "x", samples("q", 1)) for name in ("one", "two")]
    run(jobs, engine, bank, flops, tmp_path / "l.parquet")
    assert len(engine.submitted) == 2


def test_a_sample_of_an_old_bank_is_found_by_what_the_engine_was_called_then(flops, tmp_path):
    from lab.core.bank.samples import bank_key
    from lab.core.seeds import derive_seed

    class Renamed(ScriptedEngine):
        identity, former_identity = "scripted:1.2", "scripted"

    path, told = tmp_path / "bank.sqlite", []
    seed = derive_seed(0, "p", "policy", 0)
    bank = Bank(path)
    bank.put(
        bank_key("scripted", (113,), Sampling(seed=seed)), Completion("old", "stop", Usage(1, 0, 1)), "me"
    )
    bank.commit()
    bank._connection.execute("PRAGMA application_id=0")
    bank.close()
    bank, engine = Bank(path, tell=told.append), Renamed(by_seed)
    got = run([Job("p", "x", samples("q", 2))], engine, bank, flops, tmp_path / "l.parquet")
    bank.close()
    assert got[0].result[0] == "old"
    assert len(engine.submitted) == 1
    assert len(told) == 2


def test_latency_is_the_slowest_completion_of_each_batch(bank, flops, tmp_path):
    waits = {"a": 1.0, "b": 3.0, "c": 2.0, "d": 0.5}

    def script(request: Request) -> Completion:
        text = request.messages[0]["content"]
        return Completion(text, "stop", Usage(1, 0, 1), seconds=0.25, latency=waits[text])

    def plan() -> Plan[None]:
        yield [ask("a"), ask("b")]
        yield [ask("c"), ask("d")]

    (got,) = run([Job("p", "x", plan())], ScriptedEngine(script), bank, flops, tmp_path / "l.parquet")
    assert (got.latency, got.resident, got.cost.seconds) == (5.0, 6.5, 1.0)
    assert pq.read_table(tmp_path / "l.parquet")["latency"].to_pylist() == [1.0, 3.0, 2.0, 0.5]
    again = run([Job("p", "x", plan())], ScriptedEngine(script), bank, flops, tmp_path / "m.parquet")
    assert again[0].latency == 5.0, "the bank keeps it"


def test_a_latency_that_is_not_known_makes_the_plans_unknown(bank, flops, tmp_path):
    (got,) = run(
        [Job("p", "x", samples("q", 2))], ScriptedEngine(by_seed), bank, flops, tmp_path / "l.parquet"
    )
    assert isnan(got.latency)
    assert isnan(got.resident)
    assert pq.read_table(tmp_path / "l.parquet")["latency"].to_pylist() == [None, None]


@pytest.mark.parametrize("batch", [1, 9])
def test_equal_failures_of_two_plans_are_executed_once_whatever_comes_first(batch, bank, flops, tmp_path):
    """The second plan may ask before or after the completion of the first has failed."""

    def asks(*before: str) -> Plan[None]:
        for text in before:
            yield [ask(text)]
        yield [ask("q", required=False)]

    def fails(request: Request) -> Completion:
        text = request.messages[0]["content"]
        return Completion(text, "error" if text == "q" else "stop", Usage(1, 0, 5), error="broken")

    jobs = [Job("p", "s", asks()), Job("p", "late", asks("a", "b", "c")), Job("other", "s", asks())]
    engine = FakeEngine(fails, batch=batch)
    with LedgerWriter(tmp_path / "ledger.parquet", run="r", stage="s", model="m") as ledger:
        list(run_plans(jobs, engine, bank=bank, ledger=ledger, flops=flops, run_seed=0))
    rows = pq.read_table(tmp_path / "ledger.parquet").to_pylist()
    assert [r["served_from"] for r in rows if r["finish_reason"] == "error"] == ["engine", "bank", "engine"]
