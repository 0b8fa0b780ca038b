"""Chooses vLLM settings for a machine, a model and an amount of work; pure functions, vLLM is not loaded.

vLLM's defaults use only half of a CPU: one OpenMP thread, 128-token cache blocks (a short prompt is never
shared between samples), and chunked prefill, with which per-request seeds crash. The numbers behind each
choice were measured with SmolLM2-135M on 2 cores with AVX-512 BF16.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.engine.precision import Device
from lab.system.machine import Machine

GIB = 1 << 30
CUDA_COMPILE_TOKENS = 200_000
"""On a GPU: compile and capture graphs if at least this many tokens will be generated."""
TOKENS_PER_SEQUENCE = 512
"""The KV cache has room for this, times `max_num_seqs`; longer batches are preempted and recomputed."""
DEFAULT_MODEL_LENGTH = 4096
PREFILL_TOKENS = 4096


class Settings(Protocol):
    """The fields of the engine's config that tuning reads; None and "auto" mean that it chooses."""

    @property
    def max_model_len(self) -> int | None: ...
    @property
    def max_num_seqs(self) -> int: ...
    @property
    def block_size(self) -> int | None: ...
    @property
    def eager(self) -> Literal["auto"] | bool: ...
    @property
    def kv_cache_gib(self) -> float | None: ...
    @property
    def gpu_memory_utilization(self) -> float: ...
    @property
    def threads(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What tuning needs to know about a model: its limits and the bytes of cache per token at 16 bits."""

    max_length: int
    kv_bytes: int


@dataclass(frozen=True, slots=True)
class Tuning:
    """The chosen settings: `device`, `threads` (0 on a GPU), and keyword arguments of vLLM's EngineArgs."""

    device: Device
    threads: int
    max_model_len: int
    arguments: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that vLLM and OpenMP read when they are imported."""
        always = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1"}
        if self.device == "cuda":
            return always
        cores = {"OMP_NUM_THREADS": str(self.threads), "MKL_NUM_THREADS": str(self.threads)}
        return {**always, **cores}


def shape_of(path: Path) -> ModelShape:
    """Reads a model folder's config.json."""
    config = json.loads((path / "config.json").read_text())
    config = config.get("text_config", config)
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    kv_heads = config.get("num_key_value_heads") or heads
    return ModelShape(
        max_length=config.get("max_position_embeddings", DEFAULT_MODEL_LENGTH),
        kv_bytes=2 * 2 * config["num_hidden_layers"] * kv_heads * head,
    )


def tune(
    settings: Settings, machine: Machine, shape: ModelShape, *, expected_tokens: int, device: Device
) -> Tuning:
    """Settings for this machine, model and amount of work. Values set in the recipe are kept."""
    length = settings.max_model_len or min(shape.max_length, DEFAULT_MODEL_LENGTH)
    arguments: dict[str, Any] = {
        "max_model_len": length,
        "max_num_seqs": settings.max_num_seqs,
        "enable_prefix_caching": True,
        "enforce_eager": is_eager(settings, expected_tokens, device),
        "disable_log_stats": True,
    }
    if settings.block_size or device == "cpu":
        arguments["block_size"] = settings.block_size or 32
    if device == "cpu":
        arguments |= {"enable_chunked_prefill": False, "max_num_batched_tokens": max(length, PREFILL_TOKENS)}
        arguments["kv_cache_memory_bytes"] = kv_cache_bytes(settings, machine, shape, length)
    elif settings.kv_cache_gib is not None:
        arguments["kv_cache_memory_bytes"] = int(settings.kv_cache_gib * GIB)
    else:
        arguments["gpu_memory_utilization"] = settings.gpu_memory_utilization
    return Tuning(device, threads_of(settings, machine) if device == "cpu" else 0, length, arguments)


def threads_of(settings: Settings, machine: Machine) -> int:
    """One OpenMP thread per physical core."""
    return settings.threads or machine.physical_cores


def is_eager(settings: Settings, expected_tokens: int, device: Device) -> bool:
    """Whether compiling would take more time than it saves on `expected_tokens` generated tokens.

    On a CPU it never saves time: with the C++ norms (see `kernels`) 834 tokens/s eager and 764 compiled, both
    measured on 2 cores.
    """
    if settings.eager != "auto":
        return settings.eager
    return device == "cpu" or expected_tokens < CUDA_COMPILE_TOKENS


def kv_cache_bytes(settings: Settings, machine: Machine, shape: ModelShape, length: int) -> int:
    """Room for `max_num_seqs` sequences of ordinary length and at least one of full length, in a third of
    free memory.

    An explicit `kv_cache_gib` is used as it is. vLLM allocates all of it at once.
    """
    if settings.kv_cache_gib is not None:
        return int(settings.kv_cache_gib * GIB)
    wanted = settings.max_num_seqs * min(TOKENS_PER_SEQUENCE, length) * shape.kv_bytes
    least = (length + 2 * (settings.block_size or 32)) * shape.kv_bytes
    return max(least, min(wanted, machine.memory_available // 3))
