"""The lean loss is TRL's: same number, same gradients, with and without padding, for each family it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from train_world import sums

from lab.models import resolve
from lab.train import SFT
from lab.train.process.counting import Counting

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILY = {
    "llama": {"num_key_value_heads": 2},
    "qwen2": {"num_key_value_heads": 2},
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8},
    "gemma3_text": {"num_key_value_heads": 1, "head_dim": 8, "sliding_window": 16},
}


def build(kind: Any, family: str, out: Path, **args: Any) -> Any:
    """A trainer of a random model of this family on nine sums, the same weights every time."""
    import torch
    from datasets import Dataset
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig

    tokenizer = AutoTokenizer.from_pretrained(resolve("tiny").path)
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, vocab_size=len(tokenizer), **SMALL, **FAMILY[family])
    config.bos_token_id = config.eos_token_id = config.pad_token_id = 0
    settings = {"bf16": False, "use_cpu": True, "report_to": "none", "gradient_checkpointing": False}
    counting = {"method": SFT()} if issubclass(kind, Counting) else {}
    return kind(
        **counting,
        model=AutoModelForCausalLM.from_config(config, dtype=torch.float32),
        args=SFTConfig(output_dir=str(out), per_device_train_batch_size=9, **settings, **args),
        train_dataset=Dataset.from_list(sums(9)),
        processing_class=tokenizer,
    )


def loss_and_gradients(trainer: Any) -> tuple[float, dict[str, Any]]:
    trainer.model.train()
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in trainer.model.named_parameters()}


@pytest.mark.parametrize("family", FAMILY)
def test_loss_and_gradients_are_those_of_trl(family: str, tmp_path: Path) -> None:
    import torch
    from trl import SFTTrainer

    from lab.train.process.sft import CountingSFTTrainer

    ours = build(CountingSFTTrainer, family, tmp_path)
    assert ours.lean
    assert ours.ragged == (family != "gemma3_text")
    loss, gradients = loss_and_gradients(ours)
    expected, theirs = loss_and_gradients(build(SFTTrainer, family, tmp_path))
    assert loss == pytest.approx(expected, rel=1e-5)
    for name, gradient in theirs.items():
        assert torch.allclose(gradients[name], gradient, rtol=1e-3, atol=1e-6), name


def test_pieces_add_up_to_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from lab.train.process import sft

    def step(most: int) -> tuple[float, dict[str, Any], int]:
        monkeypatch.setattr(sft, "PIECE_TOKENS", most)
        trainer = build(sft.CountingSFTTrainer, "llama", tmp_path)
        trainer.create_optimizer_and_scheduler(1)
        [batch] = trainer.get_train_dataloader()
        total = (batch["labels"] != sft.IGNORED).sum()
        cut = len(sft.pieces(batch, most))
        loss = trainer.training_step(trainer.model, batch, total)
        assert sum(trainer.count.lengths) == int(batch["attention_mask"].sum())
        return loss.item(), {n: p.grad.clone() for n, p in trainer.model.named_parameters()}, cut

    loss, gradients, one = step(10_000)
    in_pieces, added, several = step(200)
    assert one == 1
    assert several >= 3
    assert in_pieces == pytest.approx(loss, rel=1e-5)
    for name, gradient in gradients.items():
        assert torch.allclose(added[name], gradient, rtol=1e-3, atol=1e-6), name


def test_settings_the_lean_loss_does_not_know_go_to_trl(tmp_path: Path) -> None:
    from lab.train.process.sft import CountingSFTTrainer

    trainer = build(CountingSFTTrainer, "llama", tmp_path)
    assert trainer._can_be_lean()
    for name, value in (("loss_type", "dft"), ("label_smoothing_factor", 0.1), ("torch_compile", True)):
        before = getattr(trainer.args, name)
        setattr(trainer.args, name, value)
        assert not trainer._can_be_lean(), name
        setattr(trainer.args, name, before)


def test_packed_sequences_do_not_see_each_other(tmp_path: Path) -> None:
    from lab.train.process.sft import CountingSFTTrainer

    def loss(**args: Any) -> tuple[float, list[int]]:
        trainer = build(CountingSFTTrainer, "llama", tmp_path, **args)
        trainer.model.train()
        [batch] = trainer.get_train_dataloader()
        return trainer.compute_loss(trainer.model, batch).item(), sorted(trainer.seen(batch).lengths)

    padded, lengths = loss()
    packed, as_many = loss(packing=True, max_length=1024)
    assert packed == pytest.approx(padded, rel=1e-5)
    assert as_many == lengths
