"""What holds of every data method of the union, whatever it reads; a new member is covered unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, get_args
from zlib import crc32

import pytest
from data_gen_support import GOLD, Sums
from pydantic import TypeAdapter

from data_gen.drafts import draft_of, row_of
from data_gen.filters.base import Context
from data_gen.methods import (
    AbstentionData,
    CorrectionTrajectories,
    Method,
    PreferencePairs,
    RejectionSampling,
    SequenceDistillation,
    StepLabels,
    VerificationData,
)
from data_gen.pipeline import Pipeline
from data_gen.source import Source
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.scheduling.scheduler import Job, Outcome, run_plans
from lab.core.types import Completion, Example, Request, Sampling
from lab.engine.fake.engine import FakeEngine
from lab.errors import EngineError
from lab.formats.corpus import Shape, schema
from lab.formats.ledger import LedgerWriter
from lab.run.stages.generate import GenerateStage
from lab.tasks import Blank, Factbook, Instructions
from lab.tasks.base import SourceKind

SIZE = 8


TASKS: dict[str, Any] = {
    "problem": Sums(size=SIZE),
    "document": Factbook(limit=SIZE),
    "instruction": Instructions(limit=SIZE),
    "blank": Blank(count=SIZE),
}
VARIANTS = [
    RejectionSampling(samples=2, hint=True),
    PreferencePairs(by="logprob", min_margin=0.01),
    PreferencePairs(by="rating"),
    StepLabels(step=". ", labels="hard"),
    CorrectionTrajectories(target="revision", samples=16),
    CorrectionTrajectories(layout="retry", critique=True, right_share=0.25),
    VerificationData(form="self_verify"),
    AbstentionData(by="agreement", answers=3),
    SequenceDistillation(samples=2, instruction="Be kind."),
]
EVERY = [cls() for cls in members_of(Method).values()] + VARIANTS
each = pytest.mark.parametrize("method", EVERY, ids=lambda m: f"{m.kind}-{EVERY.index(m)}")


class Talking(FakeEngine):
    """The fake engine, but additions are right half of the time, and checks end in a verdict."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[Request] = []

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        self.asked.append(request)
        super().submit(id, request, prompt)

    def _complete(self, request: Request, prompt: tuple[int, ...]) -> Completion:
        self._reply = said if said(request) else None
        return super()._complete(request, prompt)


def said(request: Request) -> str:
    """What is said to a request, decided by its seed; "" leaves it to the fake engine."""
    seed = crc32(f"{request.sampling.seed} {request.tag} {request.prefix}".encode())
    content = "".join(m["content"] for m in request.messages)
    found = re.search(r"What is (\d+) \+ (\d+)", content)
    if found is None or request.sampling.allowed_tokens or request.sampling.json_schema:
        return ""
    if request.tag == "verify":
        return f"I redo it. Verdict: {'in' * (seed % 2)}correct"
    a, b = map(int, found.groups())
    opening = "" if request.prefix else "Let us see. So we add. "
    return f"{opening}{'Well, ' * (seed // 2 % 4)}it is {a + b + seed % 2}."


def sources(method: Any) -> list[Source]:
    task = TASKS[method.reads]
    problems = task.problems("train")[:SIZE]
    sampling = Sampling(max_tokens=60)
    return [Source(p, sampling, task.checker, n, problems) for n, p in enumerate(problems)]


def outcomes(method: Any, engine: FakeEngine, bank: Bank, flops: Any, path: Any) -> list[Outcome[Any]]:
    jobs = [Job(s.problem.id, method.kind, method.generate(s)) for s in sources(method)]
    with LedgerWriter(path, run="r", stage="s", model="m") as ledger:
        return list(run_plans(jobs, engine, bank=bank, ledger=ledger, flops=flops, run_seed=0))


def examples(found: Sequence[Outcome[Any]]) -> list[Example]:
    return [example for outcome in found for example in outcome.result or ()]


def executed(path: Any) -> int:
    """Tokens that the ledger says an engine generated."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path).to_pylist()
    return sum(r["completion_tokens"] for r in rows if r["served_from"] == "engine")


@each
def test_the_ledger_has_what_the_engine_did_in_any_order(method, flops, tmp_path) -> None:
    results = []
    for order in ("in_order", "shuffled"):
        engine, path = Talking(latency_order=order, batch=3), tmp_path / f"{order}.parquet"
        found = outcomes(method, engine, Bank(":memory:"), flops, path)
        assert [o.error for o in found] == [""] * len(found)
        assert executed(path) == engine.emitted
        assert bool(engine.emitted) is method.asks
        results.append([o.result for o in found])
    assert results[0] == results[1]
    assert any(results[0]), "not one example in the whole test says nothing about them"


@each
def test_examples_are_well_formed_for_their_shape(method, flops, bank, tmp_path) -> None:
    import pyarrow as pa

    assert method.shape in get_args(Shape)
    assert method.reads in get_args(SourceKind)
    found = outcomes(method, Talking(), bank, flops, tmp_path / "ledger.parquet")
    task = TASKS[method.reads]
    for source, outcome in zip(sources(method), found, strict=True):
        assert {e.problem_id for e in outcome.result} <= {source.problem.id}
        numbers = [e.meta["index"] for e in outcome.result]
        assert numbers == sorted(set(numbers))
        drafts = [draft_of("t", task.checker, source.problem, e) for e in outcome.result]
        rows = [row_of(draft, method.shape) for draft in drafts]
        pa.Table.from_pylist(rows, schema=schema(method.shape))
        for example in outcome.result:
            well_formed(example)


def well_formed(example: Example) -> None:
    meta = example.meta
    assert json.loads(json.dumps(dict(meta))) == dict(meta)
    assert meta["finish_reason"] in ("stop", "length")
    assert meta["prompt_tokens"] >= 0 <= meta["completion_tokens"]
    assert {turn["role"] for turn in example.prompt} <= {"system", "user", "assistant"}
    assert example.rejected is None or example.rejected != example.completion
    if example.steps:
        assert "".join(example.steps) == example.completion
        assert len(example.steps) == len(example.step_labels)
        assert all(0 <= label <= 1 for label in example.step_labels)


@each
def test_gold_is_in_a_request_only_where_the_method_says_so(method, flops, bank, tmp_path) -> None:
    engine = Talking()
    found = examples(outcomes(method, engine, bank, flops, tmp_path / "ledger.parquet"))
    shown = GOLD in repr(engine.asked)
    assert not shown or method.shows_gold or getattr(method, "hint", False)
    if isinstance(method, RejectionSampling) and method.hint:
        assert shown
        assert any(e.meta.get("hinted") for e in found)
        assert GOLD not in repr([e.prompt for e in found])


@each
def test_failing_completions_cost_examples_and_not_the_run(method, flops, bank, tmp_path) -> None:
    path = tmp_path / "ledger.parquet"
    engine = Talking(fail_rate=0.25)
    found = outcomes(method, engine, bank, flops, path)
    assert executed(path) == engine.emitted
    assert all(not o.error or "CompletionError" in o.error for o in found)
    assert any(o.result is not None for o in found)
    if not method.asks:
        return
    nothing = outcomes(method, Talking(fail_rate=1.0), Bank(":memory:"), flops, tmp_path / "none.parquet")
    assert all(o.result is None and "CompletionError" in o.error for o in nothing)


@each
def test_what_a_kill_interrupts_continues_from_the_bank(method, flops, tmp_path, monkeypatch) -> None:
    if not method.asks:
        pytest.skip("asks nothing that could be lost")
    whole = Talking(batch=2)
    expected = outcomes(method, whole, Bank(":memory:"), flops, tmp_path / "whole.parquet")
    bank = Bank(tmp_path / "bank.sqlite")
    monkeypatch.setattr(FakeEngine, "died", False)
    dying = Talking(batch=2, die_after=whole.drawn // 2)
    with pytest.raises(EngineError):
        outcomes(method, dying, bank, flops, tmp_path / "killed.parquet")
    bank.close()
    rest = Talking(batch=2)
    found = outcomes(method, rest, Bank(tmp_path / "bank.sqlite"), flops, tmp_path / "rest.parquet")
    assert [o.result for o in found] == [o.result for o in expected]
    assert rest.drawn <= whole.drawn - dying.drawn + 1, "nothing that was banked is drawn again"


@each
def test_a_recipe_may_write_every_field(method) -> None:
    assert TypeAdapter(Method).validate_python(method.model_dump()) == method


@each
def test_its_default_filters_keep_something_and_do_not_contradict_it(method, flops, bank, tmp_path) -> None:
    task, filters = TASKS[method.reads], method.default_filters
    kinds = [f.kind for f in filters]
    assert kinds
    assert kinds[0] == "unfinished"
    assert method.reads == "problem" or "verified" not in kinds, "no checker can call it right"
    assert method.shape == "completion" or not {"verified", "not_wrong"} & {*kinds}, "it needs wrong answers"
    pipeline = Pipeline(filters, Context())
    found = outcomes(method, Talking(), bank, flops, tmp_path / "ledger.parquet")
    for source, outcome in zip(sources(method), found, strict=True):
        pipeline([draft_of("t", task.checker, source.problem, e) for e in outcome.result])
    rows = {row["step"]: row for row in pipeline.rows()}
    assert all(row["out"] or not row["in"] for row in rows.values()) or method.kind == "grounded_qa", rows


@each
def test_a_stage_without_filters_takes_those_of_its_method(method) -> None:
    stage = {"kind": "generate", "model": "tiny", "tasks": [{"kind": "blank"}], "method": method.model_dump()}
    assert GenerateStage.model_validate(stage).filters == method.default_filters
    assert GenerateStage.model_validate(stage | {"filters": []}).filters == ()
