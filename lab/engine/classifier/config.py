"""The config of kind "classifier": models that score a conversation instead of continuing it.

The messages of a request are the complete conversation, and its last turn is the answer to be scored. The
completion has no text, but `scores`. A *sequence* classifier (outcome reward) gives the probability of each
of its labels, or one number if it has a single label. A *token* classifier (process reward) gives one number
per step: the probability of label 1 at the separator that ends the step. Nothing is generated, so only the
prompt costs compute.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from lab.core.fields import only_with
from lab.core.protocols import Engine, Weights
from lab.engine.base import EngineComponent
from lab.engine.precision import DeviceChoice, DtypeChoice, settled_dtype, torch_device
from lab.errors import EngineError
from lab.system.machine import Machine, detect

if TYPE_CHECKING:
    from lab.engine.classifier.chat import ClassifierTask


class ClassifierConfig(EngineComponent):
    """A sequence or token classifier (reward model, verifier head), run by vLLM's pooling or transformers."""

    classifies: ClassVar[bool] = True

    kind: Literal["classifier"] = "classifier"
    backend: Literal["auto", "vllm", "transformers"] = "auto"
    """Library that runs it; "auto" uses vLLM for a sequence classifier on a GPU, transformers otherwise."""
    task: Literal["auto", "sequence", "token"] = "auto"
    """Whether there is one score per conversation or one per step; "auto" reads it from the model's config.
    """
    step: str = Field(default="\n", min_length=1)
    """Separator that ends a step (token classifiers): the score is read at its last token."""
    batch: int = Field(default=32, ge=1)
    """Number of conversations scored at the same time (of similar length)."""
    max_model_len: int | None = Field(default=None, ge=16)
    """Maximum length of a conversation in tokens; by default the model's own limit, at most 4096."""
    dtype: DtypeChoice = "auto"
    """Number format of weights and activations; "auto" uses bfloat16 where the hardware supports it."""
    device: Annotated[DeviceChoice, only_with("backend", "auto", "transformers")] = "auto"
    """Device for transformers; "auto" uses a GPU if there is one."""
    kv_cache_gib: Annotated[float, only_with("backend", "auto", "vllm")] = Field(default=0.5, gt=0)
    """Memory for vLLM's KV cache in GiB; the answers to a question share its part of the cache."""
    trust_remote_code: bool = False
    """Allow Python code that comes with the model to run."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if vLLM is chosen for step scores, which only the transformers backend provides."""
        if self.backend == "vllm" and self.task == "token":
            yield "backend", "token classification needs backend 'transformers'"

    def number_format(self) -> str:
        """Its `dtype`."""
        return self.dtype

    def settled(self, machine: Machine) -> ClassifierConfig:
        """The config with "auto" replaced by a device and a number format for this machine.

        vLLM has no choice of device, so `device` stays as it is there.
        """
        device = torch_device(self.device, machine)
        chosen = {"dtype": settled_dtype(self.dtype, machine, device)}
        return self.model_copy(update=chosen if self.backend == "vllm" else {**chosen, "device": device})

    def plan(self, machine: Machine) -> dict[str, str | int | float]:
        """The settings it will use on a machine."""
        device, dtype = torch_device(self.device, machine), self.settled(machine).dtype
        chosen = {"kind": self.kind, "device": device, "dtype": dtype}
        return {**chosen, "batch": self.batch, "backend": self.backend}

    def open(self, weights: Weights, *, expected_tokens: int) -> Engine:
        """Loads the model. Raises EngineError if it is not a classifier or cannot be loaded."""
        task = task_of(self, weights)
        here = self.settled(detect(weights.path))
        if here._backend(task, weights) == "vllm":
            from lab.engine.classifier.vllm import VllmClassifier

            return VllmClassifier(here, weights)
        from lab.engine.classifier.hf import HfClassifier

        return HfClassifier(here, weights, task)

    def _backend(self, task: ClassifierTask, weights: Weights) -> Literal["vllm", "transformers"]:
        if self.backend == "vllm" and task == "token":
            raise EngineError("token classification needs engine.backend 'transformers'")
        if self.backend != "auto":
            return self.backend
        fast = task == "sequence" and find_spec("vllm") is not None and detect(weights.path).gpus
        return "vllm" if fast and self.device != "cpu" else "transformers"


def task_of(config: ClassifierConfig, weights: Weights) -> ClassifierTask:
    """The kind of classifier. Raises EngineError for a model without a classification head."""
    if config.task != "auto":
        return config.task
    names = architectures(weights.path)
    for ending, task in HEADS.items():
        if any(name.endswith(ending) for name in names):
            return task
    raise EngineError(
        f"model '{weights.name}' is not a classifier (architecture: "
        f"{', '.join(names) or 'not given'}). Use another engine kind, or set engine.task if the "
        "model's own code makes it a classifier"
    )


def architectures(path: Path) -> list[str]:
    """The `architectures` in a model folder's config.json; none if there is no such file."""
    file = path / "config.json"
    found = json.loads(file.read_text(encoding="utf-8")).get("architectures") if file.is_file() else None
    return [str(name) for name in found or []]


HEADS: dict[str, ClassifierTask] = {
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
}
