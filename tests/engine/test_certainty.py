"""The two numbers by hand, and the processor behind both of vLLM's interfaces without an engine."""

from __future__ import annotations

from math import log
from types import SimpleNamespace
from typing import Any

import pytest

from lab.core.types import Sampling
from lab.engine.certainty import measure, unzipped, wanted


def test_a_uniform_distribution_has_no_certainty_and_a_point_has_much() -> None:
    import torch

    flat, sharp = measure(torch.stack([torch.zeros(50), torch.tensor([30.0] + [0.0] * 49)])).tolist()
    assert flat == pytest.approx([log(50), 0.0], abs=1e-5)
    assert sharp == pytest.approx([30 * 19 / 20, 30 * 49 / 50 - log(50)], abs=1e-3)


def test_they_are_means_and_divergences_of_the_softmax() -> None:
    import torch

    logits = torch.randn(5, 300, generator=torch.Generator().manual_seed(1)) * 3
    p = logits.double().softmax(-1)
    for row, (confidence, certainty) in zip(p, measure(logits + 7).tolist(), strict=True):
        assert confidence == pytest.approx(
            float(-row.sort(descending=True).values[:20].log().mean()), rel=1e-4
        )
        assert certainty == pytest.approx(float((1 / 300 * (1 / (300 * row)).log()).sum()), rel=1e-4)


def test_wanted_only_of_unrestricted_tokens() -> None:
    assert wanted(Sampling(certainty=True))
    assert not wanted(Sampling())
    assert not wanted(Sampling(certainty=True, allowed_tokens=("Yes", "No")))
    assert unzipped([]) == ((), ())


@pytest.fixture
def processor() -> Any:
    pytest.importorskip("vllm", reason="the extra 'cpu' or 'cuda' is not installed")
    from lab.engine.vllm.certainty import TRAILS, Certainty

    TRAILS.clear()
    yield Certainty(None, None)
    TRAILS.clear()


def params(key: str = "", prompt: int = 0) -> Any:
    return SimpleNamespace(extra_args={"lab_certainty": key, "lab_prompt_tokens": prompt} if key else None)


def step(count: int, seed: int) -> Any:
    import torch

    return torch.randn(count, 40, generator=torch.Generator().manual_seed(seed))


@pytest.mark.real
def test_rows_that_come_move_and_leave(processor: Any) -> None:
    """The older interface: two of three are measured; one leaves and the last takes its row."""
    from vllm.v1.sample.logits_processor.interface import BatchUpdate, MoveDirectionality

    from lab.engine.vllm.certainty import begin, collect

    begin("a")
    begin("c")
    outputs: list[list[int]] = [[], [], []]
    added = [
        (0, params("a"), [1], outputs[0]),
        (1, params(), [1], outputs[1]),
        (2, params("c"), [1], outputs[2]),
    ]
    first, second = step(3, 1), step(2, 2)
    untouched = first.clone()
    processor.update_state(BatchUpdate(3, [], added, []))
    assert processor.apply(first).equal(untouched)
    for output in outputs:
        output.append(5)
    processor.update_state(BatchUpdate(2, [0], [], [(2, 0, MoveDirectionality.UNIDIRECTIONAL)]))
    processor.apply(second)
    expected = [measure(first)[2].tolist(), measure(second)[0].tolist()]
    assert collect("c", 2) == unzipped(expected)
    assert collect("a", 1) == unzipped([measure(first)[0].tolist()])
    assert collect("c", 1) == ((), ())


@pytest.mark.real
def test_slots_that_are_reused_and_prompts_read_in_pieces(processor: Any) -> None:
    """The newer interface: the number of a token is its row's length without the prompt's."""
    import numpy as np

    from lab.engine.vllm.certainty import begin, collect

    def context(slots: list[int], lengths: list[int]) -> Any:
        return SimpleNamespace(idx_mapping_np=np.array(slots), seq_lens_upper_bound_np=np.array(lengths))

    begin("a")
    assert processor.add_request(4, params("a", prompt=10))
    assert not processor.add_request(7, params())
    first, second, third = step(2, 1), step(2, 2), step(1, 3)
    processor.apply(first, context([7, 4], [3, 6]))  # six of ten prompt tokens: nothing is sampled yet
    processor.apply(second, context([4, 7], [10, 4]))
    processor.apply(third, context([4], [11]))
    assert collect("a", 2) == unzipped([measure(second)[0].tolist(), measure(third)[0].tolist()])
    processor.add_request(4, params())
    assert not processor.slots
