"""Checks and cleans a config.json before anything is computed from it.

The file is untrusted. Only the decoder's settings are kept, without names of code to run, and without numbers
that would make counting too slow or exhaust the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.errors import InputError

MOST_LAYERS = 1_000
MOST_EXPERTS = 10_000
MOST = 1 << 31
"""The maximum for all other numbers of a config."""
MOST_ITEMS = 20_000
"""The maximum number of values in a config."""
_DROPPED = {
    *("auto_map", "architectures", "transformers_version", "quantization_config", "torch_dtype", "dtype"),
    *("attn_implementation", "experts_implementation", "vision_config", "audio_config"),
    *("id2label", "label2id", "num_labels", "task_specific_params"),
}
"""Settings that name code, or do not affect the FLOPs."""


def decoder_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The decoder's settings (from `text_config`, if the config describes several models).

    Raises InputError for an invalid config and for numbers out of bounds.
    """
    if not isinstance(config, Mapping):
        raise InputError("the FLOPs cannot be counted: the model's config.json is not a JSON object")
    inner = config.get("text_config")
    if isinstance(inner, Mapping):
        config = {**config, **inner}
    found = {k: v for k, v in config.items() if k not in _DROPPED and not k.startswith("_")}
    found.pop("text_config", None)
    for name, value in _leaves(found):
        _check(name, value)
    if not isinstance(found.get("model_type"), str):
        raise InputError(
            "the FLOPs cannot be counted: the model's config.json has no model_type, which says what "
            "hidden_size and the other settings mean"
        )
    return found


def _leaves(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each number of a config with the name of its setting."""
    stack: list[tuple[str, Any]] = list(config.items())
    seen = 0
    while stack:
        name, value = stack.pop()
        seen += 1
        if seen > MOST_ITEMS:
            raise InputError(
                f"the FLOPs cannot be counted: the model's config.json has more than {MOST_ITEMS:,} entries"
            )
        if isinstance(value, Mapping):
            stack += [(str(key), inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(name, inner) for inner in value]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def _check(name: str, value: float) -> None:
    most = MOST_LAYERS if _names_layers(name) else MOST_EXPERTS if "experts" in name else MOST
    if not abs(value) <= most:
        raise InputError(
            f"the FLOPs cannot be counted: the model's config.json has {name}: {value:.6g}, more than the "
            f"limit of {most:,}"
        )


def _names_layers(name: str) -> bool:
    """Whether a setting is a number of layers or a layer's index."""
    return name in ("n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers") or (
        name.endswith("_layers") and name.startswith("num_")
    )
