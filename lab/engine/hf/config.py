"""The config of kind "hf": transformers, for machines or models that vLLM does not support.

Correctness comes first: padded batches with their own sampling loop (see `engine`), so that every request has
its own seed, stop strings and log-probabilities. About a seventh of vLLM's speed on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from lab.core.protocols import Weights
from lab.engine.base import EngineComponent
from lab.engine.precision import DeviceChoice, DtypeChoice, settled_dtype, torch_device
from lab.system.machine import Machine, detect

if TYPE_CHECKING:
    from lab.engine.hf.engine import HfEngine


class HfConfig(EngineComponent):
    """transformers in the lab's own process: slower than vLLM, but runs every model that transformers
    supports.
    """

    kind: Literal["hf"] = "hf"
    batch: int = Field(default=32, ge=1)
    """Number of sequences generated at the same time, padded to the longest."""
    max_model_len: int | None = Field(default=None, ge=16)
    """Maximum length of prompt plus completion in tokens; by default the model's own limit, at most 4096."""
    dtype: DtypeChoice = "auto"
    """Number format of weights and activations; "auto" uses bfloat16 where the hardware supports it."""
    device: DeviceChoice = "auto"
    """Device the model runs on; "auto" uses a GPU if there is one."""
    trust_remote_code: bool = False
    """Allow Python code that comes with the model to run."""

    def number_format(self) -> str:
        """Its `dtype`."""
        return self.dtype

    def settled(self, machine: Machine) -> HfConfig:
        """The config with "auto" replaced by a device and a number format for this machine."""
        device = torch_device(self.device, machine)
        dtype = settled_dtype(self.dtype, machine, device)
        return self.model_copy(update={"device": device, "dtype": dtype})

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use on a machine."""
        here = self.settled(machine)
        threads = {"threads": machine.physical_cores} if here.device == "cpu" else {}
        chosen = {"kind": self.kind, "device": here.device, "dtype": here.dtype}
        return {**chosen, "batch": self.batch, **threads}

    def open(self, weights: Weights, *, expected_tokens: int) -> HfEngine:
        """Loads the model. Raises EngineError if transformers cannot load it."""
        from lab.engine.hf.engine import HfEngine

        return HfEngine(self.settled(detect(weights.path)), weights)
