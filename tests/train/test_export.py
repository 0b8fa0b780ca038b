"""Rounding to bf16 keeps on average what rounding to the nearest would lose."""

from __future__ import annotations

import pytest


def test_small_moves_survive_on_average() -> None:
    import torch

    from lab.train.export import to_bf16

    start, move = torch.full((200_000,), 0.1, dtype=torch.bfloat16).float(), 5e-5
    moved = start + move
    assert torch.equal(moved.to(torch.bfloat16).float(), start), "to the nearest, the move is lost"
    rounded = to_bf16(moved, torch.Generator().manual_seed(0)).float()
    assert float((rounded - start).mean()) == pytest.approx(move, rel=0.02)
    assert set((rounded - start).unique().tolist()) == {0.0, 2.0**-11}


def test_what_bf16_can_represent_stays_and_the_seed_decides_the_rest() -> None:
    import torch

    from lab.train.export import to_bf16

    exact = torch.randn(1000, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    for seed in range(3):
        assert torch.equal(to_bf16(exact.float(), torch.Generator().manual_seed(seed)), exact)
    values = torch.randn(1000, generator=torch.Generator().manual_seed(2))
    first, again, other = (to_bf16(values, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert float(((first.float() - values) / values).abs().max()) < 2**-7
