"""The FLOPs model against torch's own counter, on the real architectures (without weights)."""

from __future__ import annotations

import pytest

from lab.core.flops.reading import read_flops
from lab.errors import InputError

SMOLLM2 = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}


def counted(config: dict, steps: list[tuple[int, int]], logits: int) -> float:
    """FLOPs torch counts for forward passes of (new tokens, tokens already there), on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

    settings = AutoConfig.for_model(**config)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(settings, attn_implementation="eager")
        cache = DynamicCache(config=settings)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            for new, there in steps:
                ids = torch.zeros((1, new), dtype=torch.long)
                where = torch.arange(there, there + new)[None]
                model(ids, position_ids=where, past_key_values=cache, use_cache=True, logits_to_keep=logits)
    return float(counter.get_total_flops())


def test_decode_is_within_one_percent():
    ours = read_flops(SMOLLM2)
    prompt, tokens = 200, 9
    steps = [(1, prompt + i) for i in range(tokens - 1)]
    theirs = counted(SMOLLM2, [(prompt, 0), *steps], 1) - counted(SMOLLM2, [(prompt, 0)], 1)
    assert ours.decode(prompt, tokens) == pytest.approx(theirs, rel=0.01)


def test_prefill_token_by_token_is_within_one_percent():
    """Causal attention, as our formula counts it: position i attends to i keys."""
    ours = read_flops(SMOLLM2)
    theirs = counted(SMOLLM2, [(1, i) for i in range(48)], 1) - 47 * 2 * ours.head
    assert ours.prefill(48) == pytest.approx(theirs, rel=0.01)


def test_prefill_in_one_pass_is_within_one_percent_once_the_masked_half_is_taken_off():
    """A dense kernel computes the full square of scores; the masked half is known exactly."""
    ours = read_flops(SMOLLM2)
    prompt = 300
    masked = 4 * 30 * 576 * (prompt * prompt - prompt * (prompt + 1) / 2)
    assert ours.prefill(prompt) == pytest.approx(counted(SMOLLM2, [(prompt, 0)], 1) - masked, rel=0.01)


def test_cached_prefix_is_free_and_a_fully_cached_prompt_costs_nothing():
    ours = read_flops(SMOLLM2)
    assert ours.prefill(100, 100) == 0
    split = ours.prefill(40) + ours.prefill(100, 40) - 2 * ours.head
    assert split == pytest.approx(ours.prefill(100))


def test_two_n_is_far_off_for_a_small_model():
    """The regression this model exists for: at s = 2,048 attention adds about half of 2N."""
    ours = read_flops(SMOLLM2)
    one_token = ours.decode(2047, 2)
    assert one_token > 1.4 * 2 * ours.linear


def test_grouped_query_attention_shrinks_only_the_projections():
    grouped = read_flops(SMOLLM2)
    full = read_flops({**SMOLLM2, "num_key_value_heads": 9})
    assert full.linear - grouped.linear == 30 * 2 * 576 * 6 * 64
    assert full.attention == grouped.attention == 576


def test_sliding_window_layers_attend_to_their_window_only():
    config = {**SMOLLM2, "sliding_window": 16, "layer_types": ["sliding_attention"] * 29 + ["full_attention"]}
    model = read_flops(config)
    brute = sum(29 * min(i, 16) + i for i in range(1, 101))
    assert model.prefill(100) == 2 * model.linear * 100 + 4 * 576 * brute + 2 * model.head


def test_training_is_three_times_the_forward():
    ours = read_flops(SMOLLM2)
    assert ours.train([10, 20]) == 3 * (ours.prefill(10, 0, 10) + ours.prefill(20, 0, 20))


def test_a_config_without_dimensions_is_refused():
    with pytest.raises(InputError, match="hidden_size"):
        read_flops({"vocab_size": 10})
