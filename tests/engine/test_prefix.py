"""Which tokens a prefix decides, and how their likelihoods are read: without a model."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from engine_contract import PLAIN, draw

from lab.core.types import Request, Sampling
from lab.engine.chat import prefix_start
from lab.engine.fake.engine import FakeEngine
from lab.engine.vllm.engine import _scored

SCORED = Sampling(0.0, max_tokens=1, seed=1, score_prefix=True)


def test_a_merged_token_belongs_to_the_prefix() -> None:
    assert prefix_start((1, 2, 3), (1, 2, 3, 4, 5)) == 3
    assert prefix_start((1, 2, 3), (1, 2, 34, 5)) == 2, "3 and the prefix's first piece became one token"
    for bare, prompt in (((1, 2), (1, 2)), ((1,), (7, 8)), ((), (7,))):
        with pytest.raises(ValueError, match="at least one token before it"):
            prefix_start(bare, prompt)


def test_vllms_flat_list_has_nothing_at_its_first_position() -> None:
    """Four prompt tokens; where the prompt's own token is not the likeliest the likeliest may follow it."""
    flat = SimpleNamespace(start_indices=[0, 0, 1, 3], logprobs=[-0.1, -0.2, -0.05, -0.3])
    assert _scored(flat, 1) == (-0.1, -0.2, -0.3)
    assert _scored(flat, 3) == (-0.3,)
    assert _scored(None, 1) == ()


def test_the_fake_engine_scores_by_prompt_and_token_alone() -> None:
    requests = [Request(PLAIN, SCORED, prefix=text) for text in ("the sea", "the hill", "the sea")]
    one, two, again = (c.prefix_logprobs for c in draw(FakeEngine(), requests))
    assert one == again != two
    assert one[0] == two[0], "both begin with the same word"
    other = Request(({"role": "user", "content": "Another?"},), SCORED, prefix="the sea")
    assert draw(FakeEngine(), [other])[0].prefix_logprobs != one
    scripted = draw(FakeEngine(lambda request: "whatever comes"), requests)
    assert [c.prefix_logprobs for c in scripted] == [one, two, one]
