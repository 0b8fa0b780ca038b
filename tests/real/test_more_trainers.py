"""What the trainers of steps and of teachers make: a classifier that serves a scorer, a policy vLLM loads.

And a training of either kind that is killed and continued ends where an undisturbed one does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS

from asking import asked
from having import needs_vllm
from step_world import BAD, GOOD, corpus, solutions
from train_world import Striker, sums, write_corpus

from lab.core.types import Completion, Question, Request, Sampling
from lab.engine import ClassifierConfig, VllmConfig
from lab.errors import StageError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.train import Distillation, ProcessReward, TrainInputs

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


def test_a_process_reward_model_of_smollm2_serves_the_scorer(tmp_path: Path) -> None:
    from eval.scorers.judges.process_reward import ProcessRewardScorer as Scorer
    from lab.core.types import Candidate, Usage

    weights = resolve("smollm2-135m")
    method = ProcessReward(epochs=2, learning_rate=1e-4, batch_size=8, warmup=0)
    inputs = TrainInputs(weights, corpus(tmp_path / "c", solutions(48)))
    result = method.train(inputs, out=tmp_path / "out", seed=3, flops=flops_model(weights))
    question = Question("q", ({"role": "user", "content": "is 7 good?"},))
    texts = [f"{GOOD}\n{GOOD}", f"{GOOD}\n{BAD}"]
    candidates = [Candidate(Completion(t, "stop", Usage(0, 0, 0)), None) for t in texts]
    plan = Scorer(by="classifier", model="prm", aggregation="min").score(question, candidates)
    engine = ClassifierConfig(dtype="float32").open(resolve(str(result.model)), expected_tokens=0)
    requests = next(plan)
    with pytest.raises(StopIteration) as ended:
        plan.send(asked(engine, requests))
    good, bad = ended.value.value
    assert good > bad + 0.2


@needs_vllm
def test_a_distilled_smollm2_loads_in_vllm(tmp_path: Path) -> None:
    weights = resolve("smollm2-135m")
    inputs = TrainInputs(weights, write_corpus(tmp_path / "c", sums(16)), teacher=weights)
    method = Distillation(epochs=1, batch_size=4, on_policy=0.5, max_completion_length=12)
    result = method.train(inputs, out=tmp_path / "out", seed=3, flops=flops_model(weights))
    rows = read_metrics(tmp_path / "out" / "metrics.jsonl")
    assert {row["on_policy"] for row in rows} == {0.0, 1.0}
    assert rows[0]["loss"] == pytest.approx(0, abs=1e-3), "the student begins as its own teacher"
    config = VllmConfig(max_model_len=128, max_num_seqs=8, kv_cache_gib=0.2, eager=True)
    turn = {"role": "user", "content": "What is the capital of France?"}
    greedy = Sampling(temperature=0.0, max_tokens=16)
    engine = config.open(resolve(str(result.model)), expected_tokens=0)
    [answer] = asked(engine, [Request((turn,), greedy)])  # type: ignore[arg-type]
    assert "Paris" in answer.text


@pytest.mark.parametrize("kind", ["process_reward", "distillation"])
def test_kill_9_then_the_same_call_ends_where_an_undisturbed_one_does(kind: str, tmp_path: Path) -> None:
    weights = resolve("tiny")
    if kind == "process_reward":
        method: Any = ProcessReward(epochs=6, batch_size=4, learning_rate=1e-3, save_steps=8)
        inputs = TrainInputs(weights, corpus(tmp_path / "c", solutions(32)))
    else:
        method = Distillation(
            epochs=6, batch_size=4, learning_rate=1e-3, save_steps=8, on_policy=0.5, max_completion_length=8
        )
        inputs = TrainInputs(weights, write_corpus(tmp_path / "c", sums(32)), teacher=weights)

    def run(name: str, **more: Any) -> Any:
        return method.train(inputs, out=tmp_path / name, seed=3, flops=flops_model(weights), **more)

    whole = run("whole")
    with pytest.raises(StageError, match=r"was killed.*to continue"):
        run("broken", progress=Striker(tmp_path / "broken", at=20))
    again = run("broken")
    assert "continuing from checkpoint-" in (tmp_path / "broken" / "train.log").read_text()
    curves = [
        [
            (r["step"], r["loss"], r["tokens"], r["flops"])
            for r in read_metrics(tmp_path / n / "metrics.jsonl")
        ]
        for n in ("whole", "broken")
    ]
    assert len(curves[0]) == len(curves[1]) == 48
    for one, other in zip(*curves, strict=True):
        assert other == pytest.approx(one, abs=1e-6)
    assert resolve(str(again.model)).digest == resolve(str(whole.model)).digest


def test_early_stopping_and_token_budgets(tmp_path: Path) -> None:
    weights = resolve("tiny")
    inputs = TrainInputs(weights, corpus(tmp_path / "c", solutions(32)))

    def steps(name: str, **fields: Any) -> Any:
        method = ProcessReward(**fields)
        return method.train(inputs, out=tmp_path / name, seed=3, flops=flops_model(weights))

    restless = {"learning_rate": 1.0, "lr_scheduler": "constant", "warmup": 0}
    assert steps("stopped", epochs=20, dev_fraction=0.2, eval_steps=1, patience=2, **restless).steps < 30
    assert 100 <= steps("budget", budget_tokens=100).trained_tokens < 130
    taught = TrainInputs(weights, write_corpus(tmp_path / "d", sums(16)), teacher=weights)
    method = Distillation(on_policy=0, budget_tokens=300, batch_size=4)
    result = method.train(taught, out=tmp_path / "taught", seed=3, flops=flops_model(weights))
    assert 300 <= result.trained_tokens < 360
