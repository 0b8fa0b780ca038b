"""What is exported: rounding to bf16 keeps on average what rounding to the nearest would lose."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest


def test_small_moves_survive_on_average() -> None:
    import torch

    from lab.train.process.export import to_bf16

    start, move = torch.full((200_000,), 0.1, dtype=torch.bfloat16).float(), 5e-5
    moved = start + move
    assert torch.equal(moved.to(torch.bfloat16).float(), start), "to the nearest, the move is lost"
    rounded = to_bf16(moved, torch.Generator().manual_seed(0)).float()
    assert float((rounded - start).mean()) == pytest.approx(move, rel=0.02)
    assert set((rounded - start).unique().tolist()) == {0.0, 2.0**-11}


def test_what_bf16_can_represent_stays_and_the_seed_decides_the_rest() -> None:
    import torch

    from lab.train.process.export import to_bf16

    exact = torch.randn(1000, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    for seed in range(3):
        assert torch.equal(to_bf16(exact.float(), torch.Generator().manual_seed(seed)), exact)
    values = torch.randn(1000, generator=torch.Generator().manual_seed(2))
    first, again, other = (to_bf16(values, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert float(((first.float() - values) / values).abs().max()) < 2**-7


@pytest.mark.parametrize("adapters", [False, True], ids=["all weights", "adapters"])
def test_weights_gathered_by_transformers_give_the_same_model(adapters: bool, tmp_path: Path) -> None:
    """The gathering itself needs GPUs; what is done with what it saved does not."""
    import peft
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

    from lab.models import resolve
    from lab.train.process.export import export

    weights = resolve("tiny")
    tokenizer = AutoTokenizer.from_pretrained(weights.path)
    digests = []
    for spread in (False, True):
        model = AutoModelForCausalLM.from_pretrained(weights.path, dtype="float32")
        if adapters:
            config = peft.LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
            set_seed(0)
            model = peft.get_peft_model(model, config)
        out = tmp_path / f"spread-{spread}"
        trainer = SimpleNamespace(
            model=model,
            processing_class=tokenizer,
            is_fsdp_enabled=spread,
            is_deepspeed_enabled=False,
            save_model=model.save_pretrained,
            is_world_process_zero=lambda: True,
            accelerator=SimpleNamespace(wait_for_everyone=lambda: None, unwrap_model=lambda model: model),
        )
        export(trainer, SimpleNamespace(out=str(out), seed=3, model=str(weights.path)), "policy")
        assert [path.name for path in out.iterdir()] == ["model"]
        digests.append(resolve(str(out / "model")).digest)
    assert digests[0] == digests[1]
