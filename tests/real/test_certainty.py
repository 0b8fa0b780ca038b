"""Confidence and certainty on a real model: vLLM and the hf engine against transformers, teacher-forced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from engine_contract import draw
from having import needs_vllm

from lab.core.protocols import Weights
from lab.core.types import Request, Sampling
from lab.engine import HfConfig, VllmConfig
from lab.models import resolve
from lab.system.machine import detect

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
BFLOAT16 = 0.5
"""Nats: the log-probabilities of the same tokens differ by up to 0.25 between the two in bfloat16."""


@pytest.fixture(scope="module")
def model() -> Weights:
    return resolve("smollm2-135m")


@pytest.fixture(scope="module", params=[pytest.param("vllm", marks=needs_vllm), "hf"])
def engine(request: pytest.FixtureRequest, model: Weights) -> Iterator[Any]:
    config: Any = {
        "vllm": VllmConfig(max_model_len=256, max_num_seqs=8, kv_cache_gib=0.2, eager=True),
        "hf": HfConfig(max_model_len=256, batch=8),
    }[request.param]
    opened = config.open(model, expected_tokens=0)
    yield opened
    opened.close()


def test_they_are_of_the_raw_distribution_at_every_token(engine: Any, model: Weights) -> None:
    """More requests than places, of many lengths, some measured: rows come, move and leave all the time."""
    import torch
    from transformers import AutoModelForCausalLM

    requests = [
        Request(
            ({"role": "user", "content": f"Tell me about river number {i}."},),
            Sampling(0.7, top_p=0.9, max_tokens=3 + 4 * (i % 5), seed=i, certainty=i % 3 != 0),
        )
        for i in range(16)
    ]
    dtype = getattr(torch, HfConfig().settled(detect()).dtype)
    reference = AutoModelForCausalLM.from_pretrained(str(model.path), dtype=dtype).eval()
    errors = []
    for request, found in zip(requests, draw(engine, requests), strict=True):
        count = len(found.token_ids) if request.sampling.certainty else 0
        assert len(found.confidence) == len(found.certainty) == count
        if not count:
            continue
        prompt = engine.render(request)
        with torch.inference_mode():
            logits = reference(torch.tensor([[*prompt, *found.token_ids]])).logits[0].float()
        raw = torch.log_softmax(logits[len(prompt) - 1 : -1], -1).double()
        confidence = -raw.topk(20, -1).values.mean(-1)
        uniform = torch.full_like(raw, 1 / raw.shape[-1])
        certainty = (uniform * (uniform.log() - raw)).sum(-1)
        errors += (torch.tensor(found.confidence) - confidence).abs().tolist()
        errors += (torch.tensor(found.certainty) - certainty).abs().tolist()
    assert max(errors) < BFLOAT16
    assert sorted(errors)[len(errors) // 2] < BFLOAT16 / 5


def test_nothing_is_left_behind(engine: Any) -> None:
    asked = Sampling(0.7, max_tokens=4, seed=1, certainty=True)
    draw(engine, [Request(({"role": "user", "content": "Hi"},), asked)])
    if "vllm" in engine.identity:
        from lab.engine.vllm.certainty import TRAILS

        assert not TRAILS
