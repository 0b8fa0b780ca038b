"""Methods that draw answers to the problems themselves; for new questions see test_new_questions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from data_gen_support import GOLD, Sums, completion, solver
from pydantic import TypeAdapter, ValidationError
from scripted import ScriptedEngine

from data_gen.methods import Given, LabelledSamples, MajorityLabel, Method, RejectionSampling
from data_gen.methods.samples import SamplingMethod
from data_gen.source import Source
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.scheduling.scheduler import Job, Outcome, run_plans
from lab.core.types import Completion, Sampling, Usage
from lab.formats.ledger import LedgerWriter
from lab.language.abstention.reading import I_DO_NOT_KNOW

METHODS = [cls() for cls in members_of(Method).values() if issubclass(cls, SamplingMethod)]
each_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.kind)


def run(method, engine, bank, flops, path) -> list[Outcome]:
    problems = Sums().problems("train")
    jobs = [
        Job(
            p.id,
            method.kind,
            method.generate(Source(p, Sampling(temperature=0.7), Sums().checker, 1, problems)),
        )
        for p in problems
    ]
    with LedgerWriter(path, run="r", stage="s", model="m") as ledger:
        return list(run_plans(jobs, engine, bank=bank, ledger=ledger, flops=flops, run_seed=0))


@each_method
def test_examples_say_where_they_come_from_and_gold_is_never_asked_with(method, bank, flops, tmp_path):
    engine = ScriptedEngine(solver)
    outcomes = run(method, engine, bank, flops, tmp_path / "ledger.parquet")
    assert sum(o.cost.completion_tokens for o in outcomes) == engine.emitted > 0
    assert GOLD not in repr(engine.submitted)
    assert any(outcome.result for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.result is not None
        assert {e.problem_id for e in outcome.result} <= {outcome.job.group}
        for example in outcome.result:
            assert example.meta["finish_reason"] in ("stop", "length")
            assert example.meta["completion_tokens"] == len(example.completion)
            assert example.prompt[-1]["role"] == "user"
        indices = [example.meta["index"] for example in outcome.result]
        assert indices == sorted(set(indices))


@each_method
def test_it_is_deterministic_whatever_order_the_engine_finishes_in(method, flops, tmp_path):
    results = []
    for shuffle in (None, 1, 2):
        engine = ScriptedEngine(solver, shuffle=shuffle)
        outcomes = run(method, engine, Bank(":memory:"), flops, tmp_path / f"{shuffle}.parquet")
        results.append([o.result for o in outcomes])
    assert results[0] == results[1] == results[2]


@each_method
def test_samples_of_a_method_share_the_bank(method, bank, flops, tmp_path):
    first, second = ScriptedEngine(lambda r: "1"), ScriptedEngine(lambda r: "1")
    run(method, first, bank, flops, tmp_path / "one.parquet")
    run(method, second, bank, flops, tmp_path / "two.parquet")
    assert first.emitted > 0
    assert second.emitted == 0


@each_method
def test_one_failed_completion_costs_one_example_and_all_failed_the_problem(method, bank, flops, tmp_path):
    def failing(when):
        def script(request):
            return (
                Completion("", "error", Usage(0, 0, 0), error="no") if when(request) else solver_text(request)
            )

        return ScriptedEngine(script)

    def solver_text(request):
        return f"sample {request.index}"

    whole = run(method, failing(lambda r: False), Bank(":memory:"), flops, tmp_path / "a.parquet")
    fewer = run(method, failing(lambda r: r.index == 0), Bank(":memory:"), flops, tmp_path / "b.parquet")
    if method.kind in ("rejection_sampling", "labelled_samples"):
        assert [len(o.result) - 1 for o in whole] == [len(o.result) for o in fewer]
    none = run(method, failing(lambda r: True), Bank(":memory:"), flops, tmp_path / "c.parquet")
    assert all(o.result is None and "CompletionError" in o.error for o in none)


def test_rejection_sampling_as_a_recipe_writes_it():
    adapter = TypeAdapter(Method)
    made = adapter.validate_python({"kind": "rejection_sampling", "samples": 3})
    assert made == RejectionSampling(samples=3)
    for wrong in ({"kind": "rejection"}, {"samples": 0}, {"temperature": 0}, {"sample": 3}):
        with pytest.raises(ValidationError):
            adapter.validate_python({"kind": "rejection_sampling"} | wrong)


def test_rejection_sampling_asks_for_n_distinct_samples():
    (problem,) = Sums(size=1).problems("train")
    source = Source(problem, Sampling(max_tokens=9), Sums().checker, 1)
    requests = next(RejectionSampling(samples=5, temperature=0.3).generate(source))
    assert [r.index for r in requests] == list(range(5))
    assert {(r.sampling.temperature, r.sampling.max_tokens, r.tag) for r in requests} == {(0.3, 9, "sample")}
    assert all(r.messages == problem.messages for r in requests)


def plan_of(method, script, gold="5"):
    """The examples of one addition whose sample i says what `script` makes of the request."""
    (problem,) = Sums(size=1).problems("train")
    problem = replace(problem, gold=GOLD + gold)
    plan = method.generate(Source(problem, Sampling(), Sums().checker, 1))
    requests = next(plan)
    while True:
        try:
            requests = plan.send([completion(r, script(r), "stop") for r in requests])
        except StopIteration as end:
            return end.value


def test_a_majority_makes_the_label_without_the_gold():
    said = ["it is 4", "so 4", "maybe 5", "4"]
    found = plan_of(MajorityLabel(samples=4), lambda r: said[r.index])
    assert [e.completion for e in found] == ["it is 4", "so 4", "4"]
    assert {e.meta["agreement"] for e in found} == {0.75}
    assert plan_of(MajorityLabel(samples=4, threshold=0.8), lambda r: said[r.index]) == []
    assert plan_of(MajorityLabel(samples=2, threshold=0.0), lambda r: said[r.index + 1]) == []


def test_labels_are_the_checkers_and_can_be_balanced():
    said = ["5", "so 4", "5 it is 5", "unscorable", "4", "also 5"]
    found = plan_of(LabelledSamples(samples=6), lambda r: said[r.index])
    assert [(e.meta["index"], e.label) for e in found] == [
        (0, True),
        (1, False),
        (2, True),
        (4, False),
        (5, True),
    ]
    even = plan_of(LabelledSamples(samples=6, balance=True), lambda r: said[r.index])
    assert sum(e.label for e in even) == 2 == len(even) - 2


def test_a_hint_is_given_only_when_nothing_is_right_and_is_not_learned():
    def script(request):
        return "it must be 5" if request.tag == "hint" else "4"

    found = plan_of(RejectionSampling(samples=2, hint=True), script)
    assert [(e.completion, e.meta.get("hinted", False)) for e in found] == [
        ("4", False),
        ("4", False),
        ("it must be 5", True),
    ]
    assert "Hint" not in repr(found[-1].prompt)
    solved = plan_of(RejectionSampling(samples=2, hint=True), lambda r: "5")
    assert len(solved) == 2


def test_given_teaches_to_abstain_where_there_is_no_answer():
    """Whatever solution such a problem carries; one whose gold is unknown still gives nothing."""
    known = Sums().problems("train")[0]
    unknown = replace(known, gold=None, meta={"solution": "it is 3", "answerable": False})
    unjudged = replace(known, gold=None, meta={})
    texts = []
    for problem in (known, unknown, unjudged):
        source = Source(problem, Sampling(), Sums().checker, 1)
        with pytest.raises(StopIteration) as done:
            next(Given().generate(source))
        texts.append([example.completion for example in done.value.value])
    assert texts[0][0].endswith(f"Answer: {known.gold}")
    assert texts[1:] == [[I_DO_NOT_KNOW], []]
