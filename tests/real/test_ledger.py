"""Ledger equals engine on the real vLLM, for every strategy and every scorer."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from counting import CountingEngine

from eval.scorers import Scorer
from eval.strategies import Strategy
from eval.strategies.base import Scored
from lab.core.bank import Bank
from lab.core.component import members_of
from lab.core.ledger import Ledger
from lab.core.scheduler import Job, run_plans
from lab.core.types import Question, Sampling

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

QUESTIONS = [
    "What is 3 + 4?",
    "What is the greatest common divisor of 12 and 18?",
    "What is the capital of France?",
]


def every_strategy() -> list[object]:
    """Each strategy at n = 3; those with a scorer, with each scorer."""
    found: list[object] = []
    for kind, cls in members_of(Strategy).items():
        n = {"n": 3} if "n" in cls.model_fields else {}
        if issubclass(cls, Scored):
            found += [
                cls(kind=kind, scorer=scorer(kind=name), **n) for name, scorer in members_of(Scorer).items()
            ]
        else:
            found.append(cls(kind=kind, **n))
    return found


@pytest.fixture(scope="module")
def engine() -> Iterator[CountingEngine]:
    from lab.engine import EngineConfig
    from lab.models import resolve

    config = members_of(EngineConfig)["vllm"](kind="vllm", eager=True)
    inner = config.open(resolve("smollm2-135m"), expected_tokens=1000)  # type: ignore[attr-defined]
    yield CountingEngine(inner)
    inner.close()


@pytest.mark.parametrize("strategy", every_strategy(), ids=lambda s: s.label)
def test_ledger_equals_engine(strategy, engine, flops, tmp_path):
    sampling = Sampling(max_tokens=24)
    questions = [
        Question(
            f"q{i}",
            ({"role": "user", "content": text},),
            sampling,
            str.strip,
            lambda text: float("7" in text),
        )
        for i, text in enumerate(QUESTIONS)
    ]
    engine.reset()
    path = tmp_path / "ledger.parquet"
    with Ledger(path, run="r", stage="s", model="m") as ledger:
        jobs = [Job(q.id, strategy.label, strategy.solve(q)) for q in questions]
        outcomes = list(
            run_plans(jobs, engine, bank=Bank(":memory:"), ledger=ledger, flops=flops, run_seed=1)
        )
    assert not [o.error for o in outcomes if o.error]
    rows = [r for r in pq.read_table(path).to_pylist() if r["served_from"] == "engine"]
    for column in ("prompt_tokens", "cached_tokens", "completion_tokens"):
        assert sum(row[column] for row in rows) == getattr(engine, column), column
    assert sum(row["seconds"] for row in rows) == pytest.approx(engine.seconds)
