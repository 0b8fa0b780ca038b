"""Ledger equals engine on the real vLLM, for every strategy and every scorer at once.

All members of both unions run in one evaluation, sharing their samples as in a recipe, with a classifier
as a second model. What the ledgers say was executed is what the engines handed back, token for token.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from counting import CountingEngine
from toy_classifiers import toy_classifier

from eval.evaluate import evaluate
from eval.evaluation.evaluation import Evaluation
from eval.plans.retrieval import index_of
from eval.scorers import Scorer
from eval.strategies import Strategy
from eval.strategies.selection.best_of_n import BestOfN
from lab.core.bank.store import Bank
from lab.core.component import members_of
from lab.core.ledger import Backend
from lab.core.types import Sampling
from lab.engine import AutoConfig, ClassifierConfig
from lab.models import flops_model, resolve
from lab.system.progress import Quiet
from lab.tasks.checkers import Choice
from lab.tasks.jsonl import Columns, Jsonl

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


def every() -> list[Strategy]:
    """Each strategy, small; best-of-n with each scorer."""
    found: list[Strategy] = []
    for kind, cls in members_of(Strategy).items():
        if kind != "best_of_n":
            found.append(cls(kind=kind, **({"n": 4} if "n" in cls.model_fields else {})))
    for kind, scorer in members_of(Scorer).items():
        model = {"model": "judge"} if kind == "reward_model" else {}
        found.append(BestOfN(n=3, scorer=scorer(kind=kind, **model)))
    return found


def questions(folder: Path) -> Jsonl:
    """Two questions with options to test on, and some for dev; every strategy can answer those."""
    for split, numbers in (("test", (2, 3)), ("train", range(4, 24))):
        rows = [
            {"question": f"What is {n} + {n}?", "options": [str(2 * n), str(2 * n + 1)], "answer": str(2 * n)}
            for n in numbers
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Jsonl(
        train=str(folder / "train.jsonl"),
        test=str(folder / "test.jsonl"),
        dev_fraction=0.4,
        columns=Columns(choices="options"),
        prompt="{question}\n{choices}",
        checker=Choice(),
    )


def test_ledger_equals_engine(tmp_path: Path) -> None:
    weights = resolve("smollm2-135m")
    toy = toy_classifier(tmp_path / "classifier", "classes")
    index_of("", 60)  # as the estimate of a recipe does: bm25s loads numba, which vLLM must start beside
    policy = CountingEngine(AutoConfig().open(weights, expected_tokens=1000))
    judge = CountingEngine(ClassifierConfig(backend="transformers").open(toy, expected_tokens=0))
    strategies = every()
    out = tmp_path / "stage"
    out.mkdir()
    try:
        evaluate(
            Evaluation(
                run="r",
                stage="s",
                model="smollm2-135m",
                tasks=[questions(tmp_path)],
                strategies=strategies,
                sampling=Sampling(max_tokens=32),
                seed=1,
                sizes={"": flops_model(weights), "judge": flops_model(toy)},
                dev=2,
            ),
            engine=policy,
            bank=Bank(":memory:"),
            out=out,
            progress=Quiet(),
            models={"judge": Backend(toy.name, judge, flops_model(toy))},
        )
    finally:
        policy.close()
        judge.close()
    answers = pq.read_table(out / "answers.parquet").to_pylist()
    assert len(answers) == 2 * len(strategies)
    assert not [r["error"] for r in answers if r["failed"]]
    ledgers = [pq.read_table(out / f"{name}.parquet").to_pylist() for name in ("ledger", "ledger_dev")]
    executed = [r for rows in ledgers for r in rows if r["served_from"] == "engine"]
    for name, engine in (("smollm2-135m", policy), (toy.name, judge)):
        mine = [r for r in executed if r["model"] == name]
        assert len(mine) == engine.completions > 0, name
        for column in ("prompt_tokens", "cached_tokens", "completion_tokens"):
            assert sum(r[column] for r in mine) == getattr(engine, column), (name, column)
        assert sum(r["seconds"] for r in mine) == pytest.approx(engine.seconds)
