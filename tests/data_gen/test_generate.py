"""The generate stage end to end on a scripted engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from data_gen_support import GOLD, LastNumber, Sums, completion, make, solver
from scripted import ScriptedEngine

from data_gen.drafts import row_of
from data_gen.filters import CapPerProblem, ExactDuplicates, NgramOverlap, Verified
from lab.core.bank.store import Bank
from lab.core.types import Completion, Problem
from lab.errors import EngineError, InputError, StageError
from lab.formats.corpus import CorpusWriter, schema

FIGURES = tuple(
    f"figures/{name}.{kind}"
    for name in ("lengths", "answers", "paths", "pass_rates")
    for kind in ("png", "svg")
)
PRODUCTS = (
    "data/train-00000.parquet",
    "README.md",
    "audit.json",
    "provenance.json",
    "ledger.parquet",
    *FIGURES,
)


def rows_of(out: Path) -> list[dict]:
    return [
        row for shard in sorted((out / "data").glob("*.parquet")) for row in pq.read_table(shard).to_pylist()
    ]


def audit_of(out: Path) -> dict:
    return json.loads((out / "audit.json").read_text())


def bytes_of(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_the_corpus_holds_what_is_right_in_the_trainers_format(bank, flops, tmp_path):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops)
    assert set(bytes_of(out)) == set(PRODUCTS)
    assert pq.read_schema(out / "data/train-00000.parquet").equals(schema())
    rows = rows_of(out)
    assert len(rows) > 10
    for row in rows:
        (turn,) = row["completion"]
        assert turn["role"] == "assistant"
        assert row["prompt"][-1]["role"] == "user"
        a, b = (int(w.strip("?")) for w in row["prompt"][-1]["content"].split()[2:5:2])
        assert row["answer"] == str(a + b) == LastNumber().canonical(turn["content"])
        assert row["completion_tokens"] == len(turn["content"])
        assert row["task"] == "sums"
        meta = json.loads(row["meta"])
        assert (meta["finish_reason"], meta["correct"], meta["problem"]) == ("stop", True, {"family": "sum"})
    assert max(sum(r["problem_id"] == p for r in rows) for p in {r["problem_id"] for r in rows}) <= 4


def test_yield_ledger_and_engine_agree(bank, flops, tmp_path):
    engine = ScriptedEngine(solver, shuffle=5)
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine)
    audit, ledger = audit_of(out), pq.read_table(out / "ledger.parquet").to_pylist()
    assert (
        sum(r["completion_tokens"] for r in ledger)
        == engine.emitted
        == audit["cost"]["logical"]["completion_tokens"]
    )
    assert audit["cost"]["executed"] == audit["cost"]["logical"]
    assert audit["cost"]["logical"]["requests"] == len(ledger) == 96
    errors = audit["cost"]["logical"]["errors"]
    assert errors > 0
    assert audit["drawn"] == 96 - errors
    steps = audit["yield"]
    assert [s["in"] for s in steps] == [audit["drawn"], *(s["out"] for s in steps[:-1])]
    assert steps[-1]["out"] == audit["kept"] == len(rows_of(out)) == audit["tasks"]["sums"]["kept"]
    assert all(s["dropped"] > 0 for s in steps), "the scripted answers give every default filter work"
    per = audit["cost"]["per_kept_example"]["logical"]
    assert per["completion_tokens"] == pytest.approx(engine.emitted / audit["kept"])
    assert per["flops_logical"] == pytest.approx(sum(r["flops_logical"] for r in ledger) / audit["kept"])


def test_audit_counts_equal_a_count_by_hand(bank, flops, tmp_path):
    engine = ScriptedEngine(solver)
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine, test_tasks=[Sums(size=3)])
    audit, task = audit_of(out), audit_of(out)["tasks"]["sums"]
    replies: dict[str, list[Completion]] = {}
    for request in engine.submitted:
        reply = solver(request)
        reply = completion(request, reply, "stop") if isinstance(reply, str) else reply
        if reply.finish_reason != "error":
            replies.setdefault(request.messages[0]["content"], []).append(reply)
    golds = {p.messages[0]["content"]: p.gold.removeprefix(GOLD) for p in Sums().problems("train")}
    right = {q: [LastNumber().canonical(c.text) == golds[q] for c in cs] for q, cs in replies.items()}
    assert task["correct"] == sum(map(sum, right.values()))
    assert task["pass_rate"]["mean"] == pytest.approx(
        sum(sum(r) / len(r) for r in right.values()) / len(right)
    )
    assert sum(task["pass_rate"]["problems_by_correct_of_scored"].values()) == 12
    assert audit["duplicates"]["drawn_distinct"] == sum(len({c.text for c in cs}) for cs in replies.values())
    lengths = sorted(c.usage.completion_tokens for cs in replies.values() for c in cs)
    found = audit["lengths"]["drawn_completion_tokens"]
    assert (found["count"], found["sum"], found["min"], found["max"]) == (
        len(lengths), sum(lengths), lengths[0], lengths[-1],
    )  # fmt: skip
    assert found["p50"] == lengths[(len(lengths) + 1) // 2 - 1]
    assert sum(task["answers"]["commonest"].values()) == audit["kept"]


def test_running_again_gives_the_same_bytes(flops, tmp_path):
    for name, shuffle in (("one", 1), ("two", 2)):
        out = tmp_path / name / "corpus-1"
        make(out, bank=Bank(":memory:"), flops=flops, engine=ScriptedEngine(solver, shuffle=shuffle))
    assert bytes_of(tmp_path / "one" / "corpus-1") == bytes_of(tmp_path / "two" / "corpus-1")


@pytest.mark.parametrize("dies_after", [1, 13, 60])
def test_an_interrupted_run_continues_and_pays_nothing_twice(flops, tmp_path, dies_after):
    whole = make(tmp_path / "whole" / "corpus-1", bank=Bank(":memory:"), flops=flops)
    out, store = tmp_path / "broken" / "corpus-1", tmp_path / "bank.sqlite"
    first = ScriptedEngine(solver)
    healthy = first.poll

    def dying():
        if len(first.submitted) > dies_after + len(first.pending):
            raise EngineError("power cut")
        return healthy()

    first.poll = dying  # type: ignore[method-assign]
    with pytest.raises(EngineError):
        make(out, bank=Bank(store), flops=flops, engine=first)
    assert bytes_of(out) == {}, "nothing half-written is left"
    second = ScriptedEngine(solver, shuffle=9)
    make(out, bank=Bank(store), flops=flops, engine=second)
    assert bytes_of(out) == bytes_of(whole)
    executed = [r["completion_tokens"] for r in pq.read_table(out / "ledger.parquet").to_pylist()]
    assert first.emitted > 0
    assert first.emitted + second.emitted == sum(executed)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from data_gen_support import Bank, ScriptedEngine, make, solver
from lab.core.flops.model import FlopsModel

def script(request, calls=[0]):
    calls[0] += 1
    if calls[0] > int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    return solver(request)

out = Path(sys.argv[3])
flops = FlopsModel(linear=1000, head=100, attention=8, full=2)
make(out / "corpus-1", bank=Bank(out / "bank.sqlite"), flops=flops, engine=ScriptedEngine(script))
"""


@pytest.mark.parametrize("after", [0, 50, 95])
def test_kill_9_and_the_same_command_again(flops, tmp_path, after):
    helpers = Path(__file__).parent
    places = [str(helpers.parent / "support" / "engines"), str(helpers), str(tmp_path), str(after)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *places], check=False, cwd=helpers.parents[1])
    assert killed.returncode == -9
    out, engine = tmp_path / "corpus-1", ScriptedEngine(solver)
    assert not [name for name in PRODUCTS if (out / name).exists()]
    make(out, bank=Bank(tmp_path / "bank.sqlite"), flops=flops, engine=engine)
    whole = make(tmp_path / "whole" / "corpus-1", bank=Bank(":memory:"), flops=flops)
    assert {name: (out / name).read_bytes() for name in PRODUCTS} == bytes_of(whole)
    assert len(engine.submitted) <= 96 - after + 8, "at most what one poll of the engine gave is drawn again"


def test_leftovers_of_a_killed_run_are_not_in_the_corpus(bank, flops, tmp_path):
    out = tmp_path / "corpus-1"
    for folder in (".data.tmp", "data"):
        (out / folder).mkdir(parents=True)
        (out / folder / "train-00099.parquet").write_bytes(b"torn")
    make(out, bank=bank, flops=flops)
    assert sorted(p.name for p in (out / "data").iterdir()) == ["train-00000.parquet"]
    assert not (out / ".data.tmp").exists()


def test_gold_is_never_in_a_request(bank, flops, tmp_path):
    engine = ScriptedEngine(solver)
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine)
    assert len(engine.submitted) == 96
    assert GOLD not in repr(engine.submitted)
    assert GOLD not in repr(rows_of(out))


def test_samples_have_the_tasks_token_limit_and_the_methods_temperature(bank, flops, tmp_path):
    from data_gen.methods import RejectionSampling

    engine = ScriptedEngine(solver)
    tasks = [Sums(), Sums("others", max_tokens=None)]
    method = RejectionSampling(samples=2, temperature=1.3)
    make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine, tasks=tasks, method=method)
    assert {r.sampling.temperature for r in engine.submitted} == {1.3}
    assert {r.sampling.max_tokens for r in engine.submitted} == {40, 256}
    assert len({r.sampling.seed for r in engine.submitted}) == 48


def test_a_failing_problem_is_counted_and_the_run_goes_on(bank, flops, tmp_path):
    def moody(request):
        if "What is 3 +" in request.messages[0]["content"]:
            return Completion("", "error", solver_usage(), error="no luck at all")
        return solver(request)

    def solver_usage():
        from lab.core.types import Usage

        return Usage(0, 0, 0)

    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=ScriptedEngine(moody))
    audit = audit_of(out)
    assert audit["problems"]["asked"] == 12
    assert audit["problems"]["failed"] == 1
    assert audit["failures"][0]["problem"] == "sums/train/3"
    assert "no luck at all" in audit["failures"][0]["error"]
    assert "sums/train/3" not in {row["problem_id"] for row in rows_of(out)}
    faults = audit["faults"]
    assert (faults["answers"], faults["failed"]) == (12, 1)
    assert faults["lost"] == audit["cost"]["logical"]["errors"] > 0
    assert faults["completions"] == audit["cost"]["logical"]["requests"]
    assert "no luck at all" in faults["first"]
    assert f"{faults['lost']} of {faults['completions']} completions" in (out / "README.md").read_text()


def test_a_checker_that_raises_leaves_the_example_unscored(bank, flops, tmp_path):
    def odd(request):
        return "explode" if request.index == 0 else "unscorable" if request.index == 1 else solver(request)

    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=ScriptedEngine(odd))
    assert audit_of(out)["tasks"]["sums"]["unscored"] == 24
    (verified,) = (s for s in audit_of(out)["yield"] if s["step"] == "verified")
    assert any("ValueError: odd answer" in example["reason"] for example in verified["examples"])


def test_lone_surrogates_do_not_stop_the_run(bank, flops, tmp_path):
    engine = ScriptedEngine(lambda r: completion(r, "\ud800 \x00 `````` </script> 1", "stop"))
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine, filters=[], samples=1)
    assert rows_of(out)[0]["completion"][0]["content"] == "? \x00 `````` </script> 1"


def test_an_empty_corpus_is_an_error_that_says_where_it_went(bank, flops, tmp_path):
    out = tmp_path / "corpus-1"
    engine = ScriptedEngine(lambda r: "I would rather not")
    with pytest.raises(StageError) as caught:
        make(out, bank=bank, flops=flops, engine=engine)
    message = str(caught.value)
    assert (
        "no example was kept: 12 problems, 96 examples drawn, unfinished 96 -> 96, verified 96 -> 0"
        in message
    )
    assert "raise method.samples" in message
    assert audit_of(out)["kept"] == 0
    assert set(bytes_of(out)) == {"audit.json", "ledger.parquet"}


def test_an_empty_corpus_for_want_of_completions_says_so(bank, flops, tmp_path):
    from lab.core.types import Usage

    engine = ScriptedEngine(lambda r: Completion("", "error", Usage(0, 0, 0), error="out of luck"))
    with pytest.raises(
        StageError, match=r"all of its 12 problems failed, so nothing was made.*sums/train/0: .*out of luck"
    ):
        make(tmp_path / "corpus-1", bank=bank, flops=flops, engine=engine)


def test_tasks_without_problems_or_with_shared_names_are_the_users_mistake(bank, flops, tmp_path):
    class Same(Sums):
        def problem(self, split, i, a, b):
            made = super().problem(split, i, a, b)
            return Problem(f"same/{i}", made.messages, made.gold)

    for tasks, words in (
        ([Sums(size=0)], "no training problems"),
        ([Sums(), Sums()], "same label"),
        ([Same("a"), Same("b")], "'same/0' occurs in task 'b' and in task 'a'"),
    ):
        with pytest.raises(InputError, match=words):
            make(tmp_path / "corpus-1", bank=bank, flops=flops, tasks=tasks)


class Leaky(Sums):
    """Its test split has three of the training questions of `Sums` and one of its own."""

    def problems(self, split, *, seed=0):
        return [*Sums().problems("train")[:3], self.problem("test", 9, 70, 80)]


def test_overlap_is_measured_without_being_asked_and_dropped_when_told(bank, flops, tmp_path):
    tests = [Leaky("leaky"), Sums("clean")]
    out = make(tmp_path / "report" / "corpus-1", bank=bank, flops=flops, test_tasks=tests)
    found = audit_of(out)["contamination"]
    assert found["n"] == 13
    leaky, clean = found["tasks"]["leaky"], found["tasks"]["clean"]
    solved = {r["problem_id"] for r in rows_of(out)} & {f"sums/train/{i}" for i in range(3)}
    assert solved
    assert (leaky["questions"], leaky["equal_questions"]) == (4, len(solved))
    assert leaky["overlapping_examples"] == sum(r["problem_id"] in solved for r in rows_of(out))
    assert clean["overlapping_questions"] == clean["overlapping_examples"] == 0
    assert leaky["shown"][0]["equal"] is True
    filters = [Verified(), NgramOverlap(n=9, action="drop"), CapPerProblem()]
    out = make(tmp_path / "drop" / "corpus-1", bank=bank, flops=flops, test_tasks=tests, filters=filters)
    assert audit_of(out)["contamination"]["n"] == 9
    assert audit_of(out)["contamination"]["tasks"]["leaky"]["overlapping_examples"] == 0
    assert not {r["problem_id"] for r in rows_of(out)} & solved


def test_test_questions_are_taken_once_and_none_is_lost():
    from data_gen.generation.settings import test_questions as questions_of

    assert len(questions_of([Sums(), Sums()])) == 12
    assert len(questions_of([Sums(size=3), Sums(size=5)])) == 5
    assert len(questions_of([Sums(), Sums("other")])) == 24


def test_shards_are_bounded_and_in_order(tmp_path):
    from data_gen_support import draft

    with CorpusWriter(tmp_path, rows_per_shard=1500) as corpus:
        for i in range(4000):
            corpus.add(row_of(draft("x", problem=f"p{i}")))
        assert not (tmp_path / "data").exists()
        corpus.commit()
    shards = sorted((tmp_path / "data").iterdir())
    assert [p.name for p in shards] == [f"train-{i:05d}.parquet" for i in range(3)]
    assert [pq.read_metadata(p).num_rows for p in shards] == [1500, 1500, 1000]
    assert [r["problem_id"] for r in rows_of(tmp_path)] == [f"p{i}" for i in range(4000)]
    with CorpusWriter(tmp_path / "full", rows_per_shard=2) as corpus:
        for _ in range(4):
            corpus.add(row_of(draft("x")))
        corpus.commit()
    assert len(list((tmp_path / "full/data").iterdir())) == 2


def test_datasets_loads_the_folder_offline(bank, flops, tmp_path, monkeypatch):
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, provenance={"model_licence": "apache-2.0"})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    script = (
        "import sys, datasets;"
        "d = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2]);"
        "print(list(d), d['train'].num_rows, d['train'][0]['completion'][0]['role'], d['train'].column_names)"
    )
    command = [sys.executable, "-c", script, str(out), str(tmp_path / "cache")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.split()[:3] == ["['train']", str(len(rows_of(out))), "assistant"]
    assert "meta" in shown


def test_duplicates_over_the_corpus_are_found_across_problems(bank, flops, tmp_path):
    class Twice(Sums):
        def problem(self, split, i, a, b):
            return super().problem(split, i, a // 2 * 2, a // 2 * 2 + 1)

    filters = [ExactDuplicates(scope="corpus")]
    out = make(tmp_path / "corpus-1", bank=bank, flops=flops, tasks=[Twice()], filters=filters)
    seen = [(r["prompt"][-1]["content"], r["completion"][0]["content"].lower()) for r in rows_of(out)]
    assert len(seen) == len(set(seen))
    assert audit_of(out)["yield"][0]["dropped"] > 0


def test_on_the_fake_engine_order_and_deaths_leave_no_trace(flops, tmp_path):
    from lab.engine.fake.engine import FakeEngine

    tasks = [Sums(size=150)]

    def run(name, bank, **options):
        engine = FakeEngine(identity="fake", fail_rate=0.05, batch=16, **options)
        return engine, make(tmp_path / name / "corpus-1", bank=bank, flops=flops, engine=engine, tasks=tasks)

    engine, plain = run("plain", Bank(":memory:"))
    ledger = pq.read_table(plain / "ledger.parquet")
    assert sum(ledger["completion_tokens"].to_pylist()) == engine.emitted
    assert bytes_of(run("shuffled", Bank(":memory:"), latency_order="shuffled")[1]) == bytes_of(plain)
    store = tmp_path / "bank.sqlite"
    FakeEngine.died = False
    with pytest.raises(EngineError):
        run("dead", Bank(store), latency_order="shuffled", die_after=500)
    assert bytes_of(run("dead", Bank(store))[1]) == bytes_of(plain)


def grown(tmp_path, flops, first: dict, second: dict) -> tuple[ScriptedEngine, Path, Path]:
    """A corpus made twice, the second time larger, with one bank; and the larger one made from nothing."""
    bank, engine = Bank(":memory:"), ScriptedEngine(solver, shuffle=3)
    make(tmp_path / "first" / "corpus-1", bank=bank, flops=flops, engine=ScriptedEngine(solver), **first)
    larger = make(tmp_path / "more" / "corpus-2", bank=bank, flops=flops, engine=engine, **second)
    fresh = make(tmp_path / "fresh" / "corpus-2", bank=Bank(":memory:"), flops=flops, **second)
    return engine, larger, fresh


@pytest.mark.parametrize(
    ("first", "second", "new"),
    [
        ({"samples": 4}, {"samples": 8}, lambda request: request.index >= 4),
        (
            {"tasks": [Sums(size=12)]},
            {"tasks": [Sums(size=20)]},
            lambda request: int(request.messages[0]["content"].split()[2]) >= 12,
        ),
    ],
    ids=["more samples", "more problems"],
)
def test_a_corpus_is_extended_without_drawing_again_what_was_drawn(flops, tmp_path, first, second, new):
    engine, larger, fresh = grown(tmp_path, flops, first, second)
    failed = [r for r in engine.submitted if not new(r)]
    assert all(isinstance(reply := solver(r), Completion) and reply.error for r in failed), (
        "only what failed before is asked for again"
    )
    assert any(new(r) for r in engine.submitted)
    cost = audit_of(larger)["cost"]
    assert cost["executed"]["completion_tokens"] == engine.emitted
    assert 0 < engine.emitted < cost["logical"]["completion_tokens"]
    assert cost["logical"] == audit_of(fresh)["cost"]["logical"]
    assert (larger / "data/train-00000.parquet").read_bytes() == (
        fresh / "data/train-00000.parquet"
    ).read_bytes()
    kept = [(r["problem_id"], r["completion"][0]["content"]) for r in rows_of(larger)]
    assert len(kept) == len(set(kept)), "nothing is there twice"


def test_a_streamed_task_gives_what_a_list_gives(flops, tmp_path):
    class Streamed(Sums):
        def stream(self, split, *, seed=0):
            yield from Sums.problems(self, split, seed=seed)

        def problems(self, split, *, seed=0):
            raise AssertionError("a stream must not be made a list")

    outs = [
        make(tmp_path / str(i) / "corpus-1", bank=Bank(":memory:"), flops=flops, tasks=[task])
        for i, task in enumerate([Sums(size=30), Streamed(size=30)])
    ]
    assert bytes_of(outs[0]) == bytes_of(outs[1])
