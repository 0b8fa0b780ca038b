"""Which vLLM settings suit a machine, a model and an amount of work; a pure function, no vLLM loaded.

On a CPU vLLM's defaults leave half of it idle: one OpenMP thread, 128-token cache blocks (a short prompt
is never shared between samples), and chunked prefill, with which per-request seeds crash. The numbers
behind each choice were measured with SmolLM2-135M on 2 cores with AVX-512 BF16.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from lab.core.machine import Machine

GIB = 1 << 30
CPU_TOKEN_RATE = 600 * 135e6 / 2
"""Generated tokens/s x parameters, per core, eager: 600 tokens/s with 135M parameters on 2 cores."""
COMPILE_SECONDS = 70.0
"""What torch.compile adds to the load time on 2 cores."""
COMPILE_GAIN = 1.15
"""How much faster compiled code generates."""
CUDA_COMPILE_TOKENS = 200_000
"""On a GPU: compile and capture graphs from this many tokens on."""
TOKENS_PER_SEQUENCE = 512
"""What the KV cache has room for, times `max_num_seqs`; longer batches are preempted and recomputed."""
DEFAULT_MODEL_LENGTH = 4096
PREFILL_TOKENS = 4096


Device = Literal["cpu", "cuda"]


class Settings(Protocol):
    """The fields of the engine's config that tuning reads; None and "auto" mean: choose."""

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
class Shape:
    """What tuning needs to know of a model: its limits and the bytes of cache a token takes at 16 bits."""

    parameters: float
    max_length: int
    kv_bytes: int


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings: `device`, `threads` (0 on a GPU), and keyword arguments of vLLM's EngineArgs."""

    device: Device
    threads: int
    max_model_len: int
    arguments: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables vLLM and OpenMP read when they are imported."""
        always = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1"}
        if self.device == "cuda":
            return always
        cores = {"OMP_NUM_THREADS": str(self.threads), "MKL_NUM_THREADS": str(self.threads)}
        return {**always, **cores}


def shape_of(path: Path) -> Shape:
    """Read a model folder's config.json and weight sizes (assumed 16 bits a parameter)."""
    config = json.loads((path / "config.json").read_text())
    config = config.get("text_config", config)
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    kv_heads = config.get("num_key_value_heads") or heads
    return Shape(
        parameters=sum(file.stat().st_size for file in path.glob("*.safetensors")) / 2,
        max_length=config.get("max_position_embeddings", DEFAULT_MODEL_LENGTH),
        kv_bytes=2 * 2 * config["num_hidden_layers"] * kv_heads * head,
    )


def tune(
    settings: Settings, machine: Machine, shape: Shape, *, expected_tokens: int, device: Device
) -> Tuning:
    """Settings for this machine, model and work; whatever the recipe sets stands."""
    length = settings.max_model_len or min(shape.max_length, DEFAULT_MODEL_LENGTH)
    arguments: dict[str, Any] = {
        "max_model_len": length,
        "max_num_seqs": settings.max_num_seqs,
        "enable_prefix_caching": True,
        "enforce_eager": is_eager(settings, machine, shape.parameters, expected_tokens, device),
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
    """One OpenMP thread a physical core."""
    return settings.threads or machine.physical_cores


def is_eager(
    settings: Settings, machine: Machine, parameters: float, expected_tokens: int, device: Device
) -> bool:
    """Whether compiling would cost more time than it saves on `expected_tokens` generated tokens."""
    if settings.eager != "auto":
        return settings.eager
    if device == "cuda":
        return expected_tokens < CUDA_COMPILE_TOKENS
    return expected_tokens < break_even_tokens(threads_of(settings, machine), parameters)


def break_even_tokens(threads: int, parameters: float) -> int:
    """Generated tokens from which compiling pays on a CPU: saved seconds = tokens/rate x (1 - 1/gain)."""
    rate = CPU_TOKEN_RATE * threads / max(parameters, 1e6)
    return round(COMPILE_SECONDS * rate / (1 - 1 / COMPILE_GAIN))


def kv_cache_bytes(settings: Settings, machine: Machine, shape: Shape, length: int) -> int:
    """Room for `max_num_seqs` ordinary sequences and at least one of full length, in a third of free memory.

    An explicit `kv_cache_gib` stands; vLLM takes all of it at once, so it is real memory.
    """
    if settings.kv_cache_gib is not None:
        return int(settings.kv_cache_gib * GIB)
    wanted = settings.max_num_seqs * min(TOKENS_PER_SEQUENCE, length) * shape.kv_bytes
    least = (length + 2 * (settings.block_size or 32)) * shape.kv_bytes
    return max(least, min(wanted, machine.memory_available // 3))
