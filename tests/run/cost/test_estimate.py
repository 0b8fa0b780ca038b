"""Estimates: requests are exact, shared samples are counted once, earlier runs correct the figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.core.ledger import LedgerRow
from lab.core.types import Answer, Plan, Question, Request
from lab.formats.ledger import LedgerWriter
from lab.run.cost.demand import Demand, _problem_demand
from lab.run.cost.estimate_table import table
from lab.run.cost.rates import Work, rate_for, tabled
from lab.run.recipe.estimate import estimate
from lab.run.recipe.recipe import Recipe, loads
from lab.system.machine import Gpu, Machine, detect

FLOAT32 = Work("vllm", "float32")
GOOD = (Path(__file__).parents[1] / "good.yaml").read_text()


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return loads(GOOD)


def test_requests_are_what_the_bank_would_execute(recipe: Recipe) -> None:
    demand = recipe.stages["before"].demand()
    assert (demand.problems, demand.requests) == (8, 8 * (1 + 4))
    assert demand.most_tokens == 8 * 5 * 256
    assert demand.expected_tokens == 8 * 5 * 128
    assert demand.fresh_prompt_tokens * 5 == demand.prompt_tokens
    assert recipe.stages["corpus"].demand().requests == 4 * 8


def test_a_scorer_that_asks_the_model_is_counted(recipe: Recipe) -> None:
    more = loads(GOOD, overrides=["before.strategies.2.scorer={kind: p_true}"])
    extra = more.stages["before"].demand().requests - recipe.stages["before"].demand().requests
    assert extra == 8 * 4


def test_tokens_of_a_task_override_the_stage() -> None:
    changed = loads(GOOD, overrides=["corpus.tasks.0.max_tokens=10"])
    assert changed.stages["corpus"].demand().most_tokens == 4 * 8 * 10


def test_a_plan_that_raises_or_never_ends_is_bounded() -> None:
    question = Question("q", ({"role": "user", "content": "x" * 40},))

    def raising() -> Plan[Answer]:
        yield [Request(question.messages)]
        raise ValueError

    def endless() -> Plan[Answer]:
        index = 0
        while True:
            index += 1
            yield [Request(question.messages, index=index)]

    assert _problem_demand([raising()], 0.5).requests == 1
    assert _problem_demand([endless()], 0.5).requests == 1000


def test_scaling() -> None:
    assert Demand(2, 4, 10, 5, 6, 8).scaled(6) == Demand(6, 12, 30, 15, 18, 24)
    assert Demand().scaled(5) == Demand()


def test_every_stage_and_the_total(recipe: Recipe, tmp_path: Path) -> None:
    result = estimate(recipe, tmp_path)
    assert [s.stage for s in result.stages] == list(recipe.stages)
    total = result.total()
    assert total["requests"] == 4 * 8 + 2 * 40
    assert total["memory"] == max(s.memory for s in result.stages)
    assert all(s.seconds > 0 and s.most_seconds >= s.seconds and s.disk > 0 for s in result.stages)
    assert json.loads(json.dumps(result.data()))["total"]["requests"] == total["requests"]
    assert "assumed" not in result.stages[0].speed


def test_the_table_names_where_speeds_come_from(recipe: Recipe, tmp_path: Path) -> None:
    import io

    from rich.console import Console

    out = io.StringIO()
    table(estimate(recipe, tmp_path), Console(file=out, width=200))
    assert "the fake engine: no model runs" in out.getvalue()
    assert "assumes that" in out.getvalue()


def test_table_scales_with_cores_and_model() -> None:
    two, four = machine(cores=(0, 1)), machine(cores=(0, 1, 2, 3))
    drawing = Work("vllm", "bfloat16")
    assert tabled(drawing, four, None).tokens_per_second == 2 * tabled(drawing, two, None).tokens_per_second
    heavy = tabled(drawing, two, 2.7e9)
    assert heavy.tokens_per_second == pytest.approx(tabled(drawing, two, None).tokens_per_second / 10)
    assert "not measured" in tabled(drawing, machine(gpus=(Gpu("H200", 1),)), None).origin


def test_the_table_knows_what_a_processor_has() -> None:
    """The type that is right for each kind, and bfloat16 in software as slow as it is."""
    speeds = {
        (dtype, *flags): tabled(Work("vllm", dtype), machine(flags=flags), None).tokens_per_second
        for dtype in ("bfloat16", "float32")
        for flags in (("avx2",), ("avx2", "avx512f"), ("avx2", "avx512f", "avx512_bf16"))
    }
    assert speeds["bfloat16", "avx2"] < 5
    assert speeds["bfloat16", "avx2", "avx512f"] < speeds["float32", "avx2", "avx512f"] / 2
    assert speeds["float32", "avx2"] < speeds["float32", "avx2", "avx512f"]
    assert speeds["float32", "avx2", "avx512f"] < speeds["bfloat16", "avx2", "avx512f", "avx512_bf16"]
    trained = [
        tabled(Work("train"), machine(flags=f), None).tokens_per_second for f in [("avx2",), ("bf16",)]
    ]
    assert trained[0] < trained[1]


def machine(**changes: Any) -> Machine:
    """This machine's two cores with AVX-512 BF16, or with other parts."""
    standard = {"cores": (0, 1), "gpus": (), "flags": ("avx2", "avx512f", "avx512_bf16")}
    return replace(detect(), **{**standard, **changes})


def row(tokens: int, seconds: float, served: str) -> LedgerRow:
    return LedgerRow(
        "m", "p", "s", "policy", "sample", 0, 10, 0, 0, tokens, 1.0, 1.0, 1.0, seconds, served, "stop"
    )


@pytest.fixture
def earlier(tmp_path: Path) -> Callable[..., None]:
    """Writes a finished stage as the runner leaves it."""

    def write(**changes: Any) -> None:
        from lab.run.folders.provenance import hardware

        folder = tmp_path / "old" / "before-1"
        folder.mkdir(parents=True, exist_ok=True)
        engine = {"kind": "vllm", "dtype": "float32"}
        config = {"model": "smollm2-135m", "engine": engine, "sampling": {"max_tokens": 256}}
        manifest = {"kind": "evaluate", "config": config, "hardware": hardware(), "seconds": 60.0}
        manifest |= {"output": "x", "attempts": 1, "finished": "2026-01-01T00:00:00Z", **changes}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with LedgerWriter(folder / "ledger.parquet", run="old", stage="before", model="m") as ledger:
            ledger.extend([row(64, 0.2, "engine")] * 100 + [row(999, 99.0, "bank")] * 10)

    return write


def test_an_earlier_run_on_this_machine_is_learned_from(
    recipe: Recipe, tmp_path: Path, earlier: Callable[..., None]
) -> None:
    earlier()
    rate = rate_for(recipe.stages["before"].model, FLOAT32, tmp_path, detect(), None)
    assert rate.tokens_per_second == pytest.approx(6400 / 20)
    assert rate.likely == pytest.approx(64 / 256)
    assert rate.loading == pytest.approx(40)
    assert rate.origin == "measured in old/before-1"
    other = rate_for(recipe.stages["before"].model, Work("vllm", "bfloat16"), tmp_path, detect(), None)
    assert "measured in" not in other.origin, "another type of number is another speed"
    fake = rate_for(recipe.stages["before"].model, Work("fake"), tmp_path, detect(), None)
    assert fake.origin == "the fake engine: no model runs"
    again = loads(GOOD, overrides=["engine={kind: vllm, dtype: float32}"])
    assert estimate(again, tmp_path).stages[2].completion_tokens == 8 * 5 * 64


@pytest.mark.parametrize(
    "changes", [{"hardware": {"cpu": "another"}}, {"config": {"model": "tiny"}}, {"config": 3}]
)
def test_other_machines_and_damaged_manifests_are_not(
    recipe: Recipe, tmp_path: Path, earlier: Callable[..., None], changes: dict[str, Any]
) -> None:
    earlier(**changes)
    assert (
        "measured in" not in rate_for(recipe.stages["before"].model, FLOAT32, tmp_path, detect(), None).origin
    )


def test_a_token_budget_and_a_choice_of_examples_bound_a_training() -> None:
    corpus = "data: corpus, method: {kind: sft, "
    tokens = {}
    for more in (
        "epochs: 1",
        "epochs: 2",
        "examples: 2, epochs: 2",
        "budget_tokens: 4000",
        "budget_tokens: 8000",
    ):
        text = GOOD.split("  before:")[0].split("  tuned:")[0]
        text += f"  tuned: {{kind: train, model: tiny, {corpus}{more}}}}}\n"
        (found,) = (s for s in estimate(loads(text), Path("nowhere")).stages if s.stage == "tuned")
        tokens[more] = found.prompt_tokens
    assert tokens["epochs: 2"] == 2 * tokens["epochs: 1"] > 0
    assert tokens["examples: 2, epochs: 2"] < tokens["epochs: 2"]
    assert tokens["budget_tokens: 8000"] == pytest.approx(2 * tokens["budget_tokens: 4000"], abs=1)
    assert tokens["budget_tokens: 4000"] > 4000, "prompts are read, too"
