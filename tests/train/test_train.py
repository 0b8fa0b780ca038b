"""Real trainings of the toy model in the training process; each takes a few seconds, mostly imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from train_world import Striker, sums, train, write_corpus

from lab.errors import StageError
from lab.formats.training import read_metrics
from lab.models import flops_model, resolve
from lab.train import SFT, Lora


def test_lora_trains_merges_and_leaves_all_files(tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "c", sums(30)), tmp_path / "run" / "tuned-0123abcd"
    method = SFT(
        epochs=2,
        batch_size=4,
        gradient_accumulation=2,
        learning_rate=1e-2,
        lora=Lora(r=4),
        keep_checkpoints=True,
    )
    striker = Striker(out)
    result = train(method, corpus, out, progress=striker)
    _check_files(result, out)
    assert (striker.total, striker.stopped) == (8, True)
    assert list(out.glob("checkpoints/checkpoint-8/adapter_model.safetensors"))
    _check_model(result.model)
    told = (out / "train.log").read_bytes()
    assert train(method, corpus, out) == result, "a finished training is handed back"
    assert (out / "train.log").read_bytes() == told, "no process was started for it"


def _check_files(result: object, out: Path) -> None:
    """Metrics, ledger and result tell the same story."""
    import pyarrow.parquet as pq

    from lab.train import TrainResult

    assert isinstance(result, TrainResult)
    rows = read_metrics(out / "metrics.jsonl")
    assert [row["step"] for row in rows] == list(range(1, 9))
    assert rows[-1]["loss"] < rows[0]["loss"]
    ledger = pq.read_table(out / "ledger.parquet").to_pylist()
    assert {(r["run"], r["stage"], r["model"], r["role"], r["tag"]) for r in ledger} == {
        ("run", "tuned", "tiny", "train", "sft")
    }
    assert sum(r["prompt_tokens"] + r["completion_tokens"] for r in ledger) == result.tokens
    assert sum(r["completion_tokens"] for r in ledger) == result.trained_tokens
    assert sum(r["flops_logical"] for r in ledger) == pytest.approx(result.flops)
    expected = _lengths()
    assert (result.steps, result.examples, result.dropped) == (8, 30, 0)
    assert result.tokens == 2 * sum(expected)
    assert result.flops == pytest.approx(2 * flops_model(resolve("tiny")).train(expected))


def _lengths() -> list[int]:
    """Tokens of each example, counted apart from the trainer: the template's text, one token a byte."""
    marks = len("<|im_start|>") + len("<|im_end|>") - 2
    total = []
    for row in sums(30):
        turns = [*row["prompt"], *row["completion"]]
        text = "".join(f"<|im_start|>{t['role']}\n{t['content']}<|im_end|>\n" for t in turns)
        total.append(len(text) - marks * len(turns))
    return total


def _check_model(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    config = json.loads((folder / "config.json").read_text())
    assert (config["dtype"], config["use_cache"]) == ("bfloat16", True)
    assert "lab_ragged" not in json.dumps(config)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert type(model).__name__ == "LlamaForCausalLM"
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    base = AutoModelForCausalLM.from_pretrained(resolve("tiny").path)
    moved = [name for name, p in model.named_parameters() if not torch.equal(p, base.get_parameter(name))]
    assert moved, "the adapters were not merged"
    assert AutoTokenizer.from_pretrained(folder).chat_template
    assert (folder / "generation_config.json").exists()
    assert resolve(str(folder)).digest != resolve("tiny").digest


def test_a_training_that_diverges_says_what_to_lower(tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "c", sums(40)), tmp_path / "out"
    with pytest.raises(StageError, match=r"diverged at step \d+ .*lower learning_rate \(now 1e\+30\)"):
        train(SFT(epochs=1, batch_size=4, learning_rate=1e30, warmup=0), corpus, out)
    assert not (out / "model").exists()
    assert "StageError" in (out / "train.log").read_text()
