"""FLOPs of the decoders of transformers against torch's counter, architecture by architecture.

The configs are as `config.json` holds them, tiny, without weights on the meta device. The counting here is
this test's own: a prompt in one pass, whose masked half is taken off, then tokens one by one. `-s` prints the
table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.core.flops.closed import FAMILIES, closed_form
from lab.core.flops.config import decoder_config
from lab.core.flops.meta import Uncountable, count
from lab.core.flops.model import FlopsModel
from lab.core.flops.reading import read_flops
from lab.errors import InputError

TINY = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 512,
    "pad_token_id": 0,
    "num_experts": 6,
    "num_local_experts": 6,
    "n_routed_experts": 6,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 48,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "ffn_dim": 96,
    "sliding_window": 20,
}
"""Each architecture takes those it has."""
MLA = {"num_key_value_heads": 4, "kv_lora_rank": 24, "q_lora_rank": 24, "v_head_dim": 12} | {
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "head_dim": 8,
}
OTHERWISE: dict[str, dict[str, Any]] = {
    "deepseek_v2": MLA,
    "deepseek_v3": MLA,
    "glm4_moe": {"num_key_value_heads": 2},
    "opt": {"word_embed_proj_dim": 64},
    "gptj": {"rotary_dim": 8},
    "codegen": {"rotary_dim": 8},
    "gpt_neo": {"attention_types": [[["global"], 3]], "num_layers": 3},
    "gpt_neox": {"intermediate_size": 256},
    "ctrl": {"dff": 96},
}
"""What else an architecture needs."""
COUNTED = (
    *(
        "opt",
        "gptj",
        "falcon",
        "nemotron",
        "deepseek_v2",
        "deepseek_v3",
        "qwen2_moe",
        "gpt_oss",
        "glm",
        "glm4",
    ),
    *("glm4_moe", "granitemoe", "granitemoeshared", "stablelm", "persimmon", "codegen", "gpt_neo", "mpt"),
    *("gpt_bigcode", "biogpt", "xglm", "ctrl", "cohere2", "diffllama", "ernie4_5", "ernie4_5_moe", "exaone4"),
    *("helium", "arcee", "apertus", "bitnet", "seed_oss", "nanochat", "phimoe", "olmo3", "cwm"),
)
"""Those that are counted by torch."""
PROMPT, TOKENS = 24, 4


def config_of(kind: str, **changes: Any) -> dict[str, Any]:
    """A config.json of this architecture."""
    from transformers import AutoConfig

    known = AutoConfig.for_model(kind)
    own = {k for k in TINY if hasattr(known, k) and not isinstance(getattr(type(known), k, None), property)}
    wanted = {k: v for k, v in TINY.items() if k in own} | OTHERWISE.get(kind, {}) | changes
    return json.loads(AutoConfig.for_model(kind, **wanted).to_json_string())  # type: ignore[no-any-return]


def built(config: dict[str, Any], **how: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    rest = dict(config)
    settings = AutoConfig.for_model(rest.pop("model_type"), **rest)
    model = AutoModelForCausalLM.from_config(settings, attn_implementation="eager", **how).eval()
    model.config.pad_token_id = None  # with one, some look for it in the numbers of the input
    return model


def passes(model: Any, lengths: list[int], device: str = "meta") -> list[int]:
    """FLOPs of forward passes over so many new tokens, one after the other, with the logits of the last."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import DynamicCache

    found, there = [], 0
    with torch.device(device), torch.no_grad():
        cache = DynamicCache(config=model.config)
        for new in lengths:
            with FlopCounterMode(display=False) as counter:
                model(
                    torch.zeros((1, new), dtype=torch.long),
                    position_ids=torch.arange(there, there + new)[None],
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
            found.append(int(counter.get_total_flops()))
            there += new
    return found


def by_torch(config: dict[str, Any]) -> float:
    """A prompt of PROMPT tokens, and TOKENS drawn behind it; with a narrow window all of them one by one."""
    import torch

    with torch.device("meta"):
        model = built(config, experts_implementation="batched_mm")
    head = 2 * model.get_output_embeddings().weight.numel()
    if 0 < (config.get("sliding_window") or 0) <= PROMPT:
        steps = passes(model, [1] * (PROMPT + TOKENS - 1))
        return sum(steps) - (PROMPT - 1) * head
    dense, *steps = passes(model, [PROMPT] + [1] * (TOKENS - 1))
    masked = PROMPT * (PROMPT - 1) // 2
    if config["model_type"].startswith("deepseek"):
        # its keys are made again at every step, which no engine does: a longer prompt tells the same
        longer, width = PROMPT + TOKENS - 1, config["qk_nope_head_dim"] + config["qk_rope_head_dim"]
        pair = (
            2 * config["num_hidden_layers"] * config["num_attention_heads"] * (width + config["v_head_dim"])
        )
        return passes(model, [longer])[0] + (TOKENS - 1) * head - pair * longer * (longer - 1) // 2
    return dense - (steps[1] - steps[0]) * masked + sum(steps)


def ours(config: dict[str, Any]) -> FlopsModel:
    """As `read_flops`, counted in this process."""
    config = decoder_config(config)
    fields = closed_form(config)
    return count(config) if fields is None else FlopsModel(**fields)


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    rows: list[str] = []
    yield rows
    print("\narchitecture         how      ours            torch           difference")
    print("\n".join(sorted(rows)))


@pytest.mark.parametrize("kind", sorted({*FAMILIES, *COUNTED}))
def test_an_architecture_is_within_one_percent(kind: str, table: list[str]) -> None:
    config = config_of(kind)
    if kind in FAMILIES and closed_form(decoder_config(config)) is None:
        config = config_of(kind, sliding_window=None)
    model, theirs = ours(config), by_torch(config)
    found = model.request(PROMPT, 0, TOKENS)
    how = "formula" if kind in FAMILIES else "counted"
    table.append(f"{kind:20} {how:8} {found:<15,.0f} {theirs:<15,.0f} {found / theirs - 1:+.3%}")
    assert (closed_form(decoder_config(config)) is not None) == (kind in FAMILIES)
    assert found == pytest.approx(theirs, rel=0.01)
    assert model.prompt is None


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "one key and value head": ("falcon", {"new_decoder_architecture": False, "multi_query": True}),
    "a key and value head each": ("falcon", {"new_decoder_architecture": False, "multi_query": False}),
    "one norm after another": ("falcon", {"new_decoder_architecture": False, "parallel_attn": False}),
    "groups of heads": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "a narrow embedding": ("opt", {"word_embed_proj_dim": 32}),
    "a dense layer first": ("qwen2_moe", {"mlp_only_layers": [0]}),
    "experts in every second layer": ("qwen3_moe", {"decoder_sparse_step": 2}),
    "whole queries": ("deepseek_v2", {"q_lora_rank": None}),
    "a window in all layers": ("mistral", {"sliding_window": 20}),
}
"""What a family's config may say otherwise; none of them is for the formula."""


@pytest.mark.parametrize("name", VARIANTS)
def test_what_a_config_says_otherwise_is_counted(name: str) -> None:
    kind, changes = VARIANTS[name]
    config = config_of(kind, **changes)
    assert closed_form(decoder_config(config)) is None
    assert ours(config).request(PROMPT, 0, TOKENS) == pytest.approx(by_torch(config), rel=0.01)


@pytest.mark.parametrize("kind", ["llama", "gptj"])
def test_without_a_vocab_size_it_is_the_one_that_transformers_builds(kind: str) -> None:
    """Files leave out what their class has by default."""
    from transformers import AutoConfig

    config = config_of(kind, vocab_size=AutoConfig.for_model(kind).vocab_size)
    bare = {name: value for name, value in config.items() if name != "vocab_size"}
    assert ours(bare).head == config["vocab_size"] * 64


def test_enough_architectures() -> None:
    assert len({*FAMILIES, *COUNTED}) >= 40


@pytest.mark.parametrize("kind", ["qwen2_moe", "mixtral", "deepseek_v3", "gpt_oss"])
def test_experts_are_counted_as_a_real_forward_pass_computes_them(kind: str) -> None:
    """With weights, each token sent where its router says, by the loop over experts."""
    import torch

    config = config_of(kind)
    torch.manual_seed(0)
    real = passes(built(config, experts_implementation="eager"), [PROMPT, 1], "cpu")
    with torch.device("meta"):
        without = passes(built(config, experts_implementation="batched_mm"), [PROMPT, 1])
    assert real == without


def test_gemma_2_without_layer_types_alternates() -> None:
    config = config_of("gemma2")
    alternating = ours(config)
    bare = {k: v for k, v in config.items() if k != "layer_types"}
    assert closed_form(decoder_config(bare)) is None
    counted = count(decoder_config(bare))
    for prompt, tokens in ((10, 3), (30, 9), (100, 2)):
        assert counted.request(prompt, 0, tokens) == alternating.request(prompt, 0, tokens)
    assert counted.window == 20


def test_recurrent_layers_cost_more_for_a_prompt_that_is_read_in_chunks() -> None:
    heads = {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
    config = config_of("qwen3_next", num_hidden_layers=4, **heads)
    model = ours(config)
    import torch

    with torch.device("meta"):
        theirs = built(config, experts_implementation="batched_mm")
    (dense,) = passes(theirs, [512])
    step = passes(theirs, [40, 1])[1]
    assert model.prompt is not None
    assert model.decode(40, 2) == pytest.approx(step, rel=0.01)
    masked = 4 * model.full * 512 * 511 / 2
    assert model.prefill(512) == pytest.approx(dense - masked, rel=0.01)


def test_an_encoder_attends_both_ways_and_reuses_nothing() -> None:
    model = ours(config_of("bert"))
    assert model.bidirectional
    assert model.linear == 3 * (4 * 64 * 64 + 2 * 64 * 96)
    assert model.classify(50) == 2 * model.linear * 50 + 4 * 3 * 64 * 50 * 50
    assert model.classify(50, 20) == model.classify(50)
    assert model.classify(50, 50) == 0


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"model_type": "nobody_knows"}, "cannot build it"),
        ({"model_type": "t5"}, "an encoder with a decoder"),
        ({"model_type": "llama", "hidden_size": 65, "vocab_size": 9}, "cannot build it"),
        ({"model_type": "llama4_text", "num_hidden_layers": 2, "hidden_size": 64}, "computes all experts"),
        ({"model_type": "vit"}, "cannot build it"),
    ],
)
def test_what_cannot_be_counted_says_why(config: dict[str, Any], why: str) -> None:
    with pytest.raises(Uncountable, match=why):
        count(decoder_config(config))


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 10**9},
        {"n_layer": 10**6},
        {"num_experts": 10**8},
        {"vocab_size": 2**40},
        {"hidden_size": float("inf")},
        {"rope_parameters": {"factor": float("nan")}},
        {"layer_types": ["full_attention"] * 100_000},
        {"text_config": {"num_hidden_layers": 10**9}},
    ],
)
def test_a_config_out_of_bounds_is_refused_before_anything_is_built(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"config\.json has"):
        read_flops({"model_type": "gptj", **settings})


def test_code_that_a_config_names_is_dropped() -> None:
    config = {"model_type": "llama", "auto_map": {"AutoModelForCausalLM": "evil.Evil"}, "_commit_hash": "x"}
    assert decoder_config(config) == {"model_type": "llama"}


def test_a_count_is_remembered(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own once, then from the cache; another config is another count."""
    from lab.core.flops import counted as flops_counted

    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    config = config_of("gptj")
    first = read_flops(config)
    assert first == count(decoder_config(config))
    monkeypatch.setattr(
        flops_counted, "_in_a_process_of_its_own", lambda config: pytest.fail("counted again")
    )
    assert read_flops(config) == first
    assert len(list((tmp_path / "flops").iterdir())) == 1
