"""FLOPs of known decoder families, computed from their config.json.

Each of the families below was compared with torch's counter. A config is used only if it states everything
that matters. If it relies on defaults of its model class, the FLOPs are counted by torch instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.errors import InputError

GATED = {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"} | {
    *("phi3", "olmo", "olmo2", "granite", "smollm3", "cohere"),
}
"""Families with three matrices per MLP."""
UNGATED = {"gpt2", "gpt_neox", "phi", "bloom", "starcoder2"}
"""Families with two matrices per MLP, by default four times as wide as the hidden size."""
EXPERTS = {"mixtral", "qwen3_moe", "olmoe"}
"""Families with gated experts in every layer, without shared experts, and with a router."""
FAMILIES = GATED | UNGATED | EXPERTS
_OWN_HEADS = {"gemma", "gemma2", "gemma3_text", "qwen3"}
"""Families whose default head width is not hidden size / number of heads."""
_OWN_WINDOW = {"mistral", "gemma2", "gemma3_text", "phi3", "mixtral", "qwen2", "qwen3", "qwen3_moe"} | {
    "starcoder2",
}
"""Families whose layers may use a sliding window although the config does not list the layers."""


def closed_form(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a FlopsModel; None for other families and for incomplete configs.

    Raises InputError for an impossible dimension.
    """
    kind = config.get("model_type")
    if kind not in FAMILIES or not _told(config, str(kind)):
        return None
    hidden = _first(config, "hidden_size", "n_embd")
    layers = _first(config, "num_hidden_layers", "n_layer")
    heads = _first(config, "num_attention_heads", "n_head")
    d_head = config.get("head_dim") or hidden // heads
    kv_heads = config.get("num_key_value_heads") or heads
    projections = 2 * hidden * heads * d_head + 2 * hidden * kv_heads * d_head
    sliding = _sliding(config)
    return {
        "linear": layers * (projections + _mlp(config, hidden)),
        "head": _first(config, "vocab_size") * hidden,
        "attention": heads * d_head,
        "full": layers - sliding,
        "sliding": sliding,
        "window": int(config.get("sliding_window") or 0),
    }


def _told(config: Mapping[str, Any], kind: str) -> bool:
    """Whether the config itself states everything that is needed."""
    needed = [
        ("vocab_size",),
        ("hidden_size", "n_embd"),
        ("num_hidden_layers", "n_layer"),
        ("num_attention_heads", "n_head"),
    ]
    if kind not in UNGATED:
        needed.append(("intermediate_size",))
    if kind in EXPERTS:
        needed += [("num_experts_per_tok",), ("num_experts", "num_local_experts")]
    if kind in _OWN_HEADS:
        needed.append(("head_dim",))
    told = all(any(config.get(name) for name in names) for names in needed)
    everywhere = not config.get("mlp_only_layers") and config.get("decoder_sparse_step", 1) == 1
    return told and everywhere and _windows_told(config, kind)


def _windows_told(config: Mapping[str, Any], kind: str) -> bool:
    """Whether the config states that there is no window, or which layers have one."""
    if config.get("use_sliding_window") is False:
        return True
    if "sliding_window" not in config:
        return kind not in _OWN_WINDOW
    return not config["sliding_window"] or bool(config.get("layer_types"))


def _sliding(config: Mapping[str, Any]) -> int:
    if not config.get("sliding_window") or config.get("use_sliding_window") is False:
        return 0
    return sum(kind == "sliding_attention" for kind in config["layer_types"])


def _mlp(config: Mapping[str, Any], hidden: int) -> int:
    """MLP weights that a token is multiplied with (for experts: the active ones and the router)."""
    width = int(config.get("intermediate_size") or config.get("n_inner") or 4 * hidden)
    if config["model_type"] not in EXPERTS:
        return (2 if config["model_type"] in UNGATED else 3) * hidden * width
    width = int(config.get("moe_intermediate_size") or width)
    experts = _first(config, "num_experts", "num_local_experts")
    return int(config["num_experts_per_tok"]) * 3 * hidden * width + hidden * experts


def _first(config: Mapping[str, Any], *names: str) -> int:
    """The first of these settings that is present. Raises InputError unless it is a positive whole number."""
    value = next(config[name] for name in names if config.get(name))
    if type(value) is not int or value < 1:
        raise InputError(
            f"the FLOPs cannot be counted: the model's config.json has {names[0]}: {str(value)[:40]}, "
            "expected a positive whole number"
        )
    return value
