"""GRPO and RLOO on a toy model: rewards rise, every token counts, settings that cannot work say so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from online_world import Letters, letters

from lab.errors import InputError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.system.machine import detect
from lab.train.base import Lora
from lab.train.result import TrainResult
from lab.train.spec import TrainingSpec, TrainInputs
from lab.train.trainers.grpo import GRPO
from lab.train.trainers.online import OnlineTrainer
from lab.train.trainers.rloo import RLOO

BOTH = pytest.mark.parametrize("kind", [GRPO, RLOO], ids=lambda kind: kind.__name__)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reward of this process is the toy one."""
    from lab.train.process import online

    online._learning.cache_clear()
    monkeypatch.setattr(online, "open_reward", lambda spec: Letters())


def learn(method: OnlineTrainer, out: Path, problems: int = 6) -> TrainResult:
    tiny, reward = resolve("tiny"), letters(out.with_suffix(".jsonl"), problems)
    return method.train(TrainInputs(tiny, reward=reward), out=out, seed=3, flops=flops_model(tiny))


def ledger(out: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(out / "ledger.parquet").to_pylist()
    return rows


def test_the_reward_rises_and_metrics_ledger_and_result_agree(tmp_path: Path) -> None:
    method = RLOO(
        steps=14,
        generations=4,
        batch_size=16,
        gradient_accumulation=1,
        max_completion_length=12,
        learning_rate=3e-3,
        warmup=0,
    )
    out = tmp_path / "run" / "tuned-0123abcd"
    result = learn(method, out)
    rows = read_metrics(out / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(1, 15))
    assert {"reward", "reward_std", "completions/mean_length", "kl", "unscored"} <= rows[0].keys()
    assert sum(row["reward"] for row in rows[-4:]) / 4 > sum(row["reward"] for row in rows[:4]) / 4 + 0.15
    for row in rows:
        assert row["drawn"] == 16
        assert row["drawn_shared_tokens"] == row["drawn_prompt_tokens"] * 3 / 4
        assert (
            row["drawn_tokens"] == row["trained_tokens"] == pytest.approx(16 * row["completions/mean_length"])
        )
        assert 2 * (row["drawn_prompt_tokens"] + row["drawn_tokens"]) == row["forwarded_tokens"]
    told = ledger(out)
    assert {(r["role"], r["tag"]) for r in told} == {("train", "rollout"), ("train", "rloo")}
    assert sum(r["flops_logical"] for r in told) == pytest.approx(result.flops)
    drawn = [r for r in told if r["tag"] == "rollout"]
    assert sum(r["completion_tokens"] for r in drawn) == result.trained_tokens
    assert all(r["flops_shared"] < r["flops_logical"] == r["flops_engine"] for r in drawn)
    assert sum(r["seconds"] for r in told) == pytest.approx(result.seconds, abs=0.1)
    _loads(result.model)


def _loads(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert AutoTokenizer.from_pretrained(folder).chat_template
    assert resolve(str(folder)).digest != resolve("tiny").digest


def test_flops_of_a_step_by_hand(tmp_path: Path) -> None:
    """Answers of one token to one problem: every sequence has the same length."""
    method = GRPO(
        steps=2,
        generations=4,
        batch_size=4,
        max_completion_length=1,
        beta=0.1,
        lora=Lora(r=2),
        args={"num_iterations": 2},
    )
    learn(method, tmp_path, problems=1)
    config = json.loads((resolve("tiny").path / "config.json").read_text())
    wide, layers = config["hidden_size"], config["num_hidden_layers"]
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    linear = layers * (
        2 * wide * wide + 2 * wide * wide * kv // heads + 3 * wide * config["intermediate_size"]
    )

    def forward(tokens: int, logits: int) -> float:
        attention = 2 * 2 * layers * wide * tokens * (tokens + 1) / 2
        return 2 * linear * tokens + attention + 2 * config["vocab_size"] * wide * logits

    first, second = read_metrics(tmp_path / "metrics.jsonl")
    prompt = first["drawn_prompt_tokens"] // 8
    trained = 8 * 3 * forward(prompt + 1, prompt + 1)
    read_once = 2 * 8 * forward(prompt + 1, prompt + 1)
    assert first["drawn_flops"] == 8 * forward(prompt, 1)
    assert first["drawn_flops_shared"] == 2 * forward(prompt, 1)
    assert first["flops"] == trained + read_once + 8 * forward(prompt, 1)
    assert "drawn" not in second, "the same answers serve two steps"
    assert second["flops"] == trained


@BOTH
def test_a_step_must_be_whole_groups(kind: type[OnlineTrainer]) -> None:
    assert not list(kind().faults())
    assert not list(kind(lora=Lora()).faults())
    [(field, message)] = kind(batch_size=6, gradient_accumulation=2, generations=8).faults()
    assert field == "generations"
    assert "12 answers are generated at once" in message
    assert "multiple of generations (8)" in message
    assert not list(kind(batch_size=6, generations=8, args={"steps_per_generation": 4}).faults())
    [(field, message)] = kind(args={"num_iterations": 3}).faults()
    assert field == "save_steps"
    assert "every 3 steps" in message


@BOTH
def test_arguments_that_cannot_be_given_say_why(kind: type[OnlineTrainer]) -> None:
    for key, said in (
        ("num_generations", "use `generations`"),
        ("max_steps", "use `steps`"),
        ("num_train_epochs", "set `steps`"),
        ("use_transformers_continuous_batching", "bf16"),
        ("vllm_mod", "Did you mean 'vllm_mode'"),
    ):
        [(field, message)] = kind(args={key: 1}).faults()
        assert field == "args"
        assert said in message


@BOTH
def test_vllm_needs_a_gpu(kind: type[OnlineTrainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.train.trainers import online

    machine = replace(detect(), gpus=())
    monkeypatch.setattr(online, "detect", lambda: machine)
    with pytest.raises(InputError, match=r"use_vllm.*only on a CUDA GPU"):
        learn(kind(use_vllm=True), tmp_path)


@BOTH
def test_what_to_lower(kind: type[OnlineTrainer]) -> None:
    method = kind()
    assert "batch_size (now 16" in method.lighter()
    assert "max_completion_length (now 128)" in method.lighter()
    assert "learning_rate (now 1e-05)" in method.steadier()
    assert "beta (now" in method.steadier()


def spec(method: OnlineTrainer) -> TrainingSpec:
    return TrainingSpec(method.model_dump(mode="json"), "m", [], "o", 3, {}, {}, reward={"toy": True})


@pytest.mark.usefixtures("toy")
def test_problems_come_pass_after_pass_in_new_orders() -> None:
    from lab.train.process.online import laid_out

    method = GRPO(steps=5, generations=4, batch_size=8, gradient_accumulation=1)
    dataset, held_out = method.dataset(spec(method), None)
    assert held_out is None
    names = dataset["problem"]
    assert len(names) == 5 * 2
    assert set(dataset.column_names) == {"prompt", "problem"}, "no gold reaches the trainer"
    assert sorted(names[:6]) == [f"p{i}" for i in range(6)]
    longer = laid_out(spec(method), 18)["problem"]
    assert longer[:10] == names[:]
    assert len({tuple(longer[i : i + 6]) for i in (0, 6, 12)}) == 3


@pytest.mark.usefixtures("toy")
def test_rewards_are_the_checkers_word() -> None:
    from transformers import AutoTokenizer

    from lab.train.process.online import reward_function

    told: dict[str, float] = {}
    tokenizer = AutoTokenizer.from_pretrained(resolve("tiny").path)

    def rewards(*texts: str) -> list[float | None]:
        reward = reward_function(spec(GRPO()), tokenizer)
        turns = [[{"role": "assistant", "content": text}] for text in texts]
        return reward(completions=turns, problem=["p0"] * len(texts), log_metric=told.__setitem__)

    assert rewards("ab", "AB", "ab7", "\n\nQuestion: ab") == [1.0, 0.0, None, 1.0]
    assert told == {"unscored": 0.25}
    tokenizer.chat_template = None
    assert rewards("ab", "\n\nQuestion: ab") == [1.0, 0.0], "the next question is not part of an answer"


def test_without_a_template_an_answer_ends_at_the_next_question() -> None:
    from transformers import AutoTokenizer

    from lab.train.process.online import end_of

    tokenizer = AutoTokenizer.from_pretrained(resolve("tiny").path)
    whole = tokenizer.encode("It is 4.\n\nQuestion: 2 + 2?\n\nQuestion:", add_special_tokens=False)
    kept = whole[: end_of(whole, ("\n\nQuestion:",), tokenizer)]
    assert tokenizer.decode(kept) == "It is 4.\n\nQuestion:"
    assert end_of(kept[:-1], ("\n\nQuestion:",), tokenizer) == len(kept) - 1
