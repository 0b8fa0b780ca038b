"""The base of all trainers: fields, checks, and the interface to the training process.

A trainer is one file of lab/train/trainers: a frozen component with its fields, the name of its configuration
class (`config`), the trainer class to run (`trainer_class`), the corpus shapes it reads, the kind of model it
makes, and the cost of a batch (`seen`, `flops_of`). This module is used when a recipe is checked; training
runs in its own process (lab.train.launch starts it, lab.train.process runs in it), so nothing here imports
torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.fields import without_effect
from lab.core.flops.model import FlopsModel
from lab.core.flops.reading import read_flops
from lab.errors import InputError
from lab.formats.corpus import Shape, checked_shards
from lab.system.files import digest_file, digest_of
from lab.system.progress import Progress, Quiet
from lab.train.arguments import COMMON_FIELDS, TrackingService, argument_faults, missing_packages
from lab.train.counts import StepCount, padded
from lab.train.launch import launch
from lab.train.result import TrainResult
from lab.train.spec import TrainingSpec, TrainInputs

Reads = Shape | Literal["tasks"]
"""The shapes of a corpus, or the problems of tasks."""
Makes = Literal["policy", "reward", "process_reward"]
"""A model that generates, one that scores an answer, one that scores each step."""


class Lora(Component):
    """Low-rank adapters (LoRA) instead of full fine-tuning; merged into the weights at the end."""

    r: int = Field(default=16, ge=1)
    """Rank of the adapters."""
    alpha: float = Field(default=32.0, gt=0)
    """Scale: the product of the adapters is multiplied by alpha / r."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Dropout on the input of the adapters."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """Names of the layers to adapt, or all-linear (every linear layer except the output layer)."""


class TrainerBase(Component):
    """Fields of every trainer. Subclasses define the class variables and `trainer_class`."""

    # A field in every trainer; if it were a field of this class, it would come first in all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes and the ledger."""

    reads: ClassVar[tuple[Reads, ...]]
    """Corpus shapes it can be trained on, the preferred one first; ("tasks",) for an online trainer."""
    makes: ClassVar[Makes] = "policy"
    """The kind of the finished model."""
    needs_teacher: ClassVar[bool] = False
    """Whether it learns from a second model."""
    config: ClassVar[str]
    """Its configuration class; `args` can set its fields."""
    own: ClassVar[Mapping[str, str]] = COMMON_FIELDS
    """Fields of the configuration class that are fields of the trainer: {their name: our field}."""
    fixed: ClassVar[Mapping[str, str]] = {}
    """Further fields of the configuration class that cannot be set, and the reason."""

    @property
    def keeps_reference(self) -> bool:
        """Whether an online trainer also loads the initial model as a reference, for its penalty."""
        return False

    learning_rate: float = Field(default=5e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW; for LoRA about ten times more is usual."""
    batch_size: int = Field(default=16, ge=1)
    """Examples per forward pass on each device."""
    gradient_accumulation: int = Field(default=1, ge=1)
    """Forward passes per optimiser step; more of them with a smaller batch_size need less memory for the same
    step.
    """
    warmup: float = Field(default=0.1, ge=0, allow_inf_nan=False)
    """Steps over which the learning rate rises from zero; a value below 1 is a fraction of all steps."""
    lr_scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """How the learning rate changes after the warm-up."""
    lora: Lora | None = None
    """Train low-rank adapters instead of all weights."""
    save_steps: int = Field(default=20, ge=1)
    """Optimiser steps between checkpoints; only the last checkpoint is kept, until the training ends."""
    keep_checkpoints: bool = False
    """Keep the last checkpoint (three times the size of the fp32 weights) after the training."""
    accelerate_config: str | None = Field(default=None, min_length=1)
    """A file of `accelerate config`, for several processes (see recipes/train/accelerate)."""
    report_to: tuple[TrackingService, ...] = ()
    """Services that get the metrics of every step, in addition to metrics.jsonl; each needs its own package.
    """
    args: dict[str, Any] = {}
    """Any other field of the trainer's configuration class, by its own name."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields unknown `args`, `args` that the lab sets itself, and a missing accelerate file or reporting
        package.
        """
        for message in argument_faults(self.args, self.kind, self.config, self.own, self.fixed):
            yield "args", message
        if self.accelerate_config and not Path(self.accelerate_config).expanduser().is_file():
            yield "accelerate_config", f"there is no file {self.accelerate_config}"
        for message in missing_packages(self.report_to):
            yield "report_to", message

    def train(
        self,
        inputs: TrainInputs,
        *,
        out: Path,
        seed: int,
        flops: FlopsModel,
        progress: Progress | None = None,
    ) -> TrainResult:
        """Trains `inputs.weights`; writes model/, metrics.jsonl and ledger.parquet to `out`.

        `flops` is the model's FlopsModel. The same call after an interruption continues from the last
        complete checkpoint, and returns at once if the training is finished. Raises InputError for unsuitable
        inputs or settings, StageError if the training fails (divergence, out of memory, killed).
        """
        for field, message in (*without_effect(self), *self.faults(), *self.faults_here()):
            raise InputError(message, where=field)
        return launch(
            self.spec(inputs, out, seed, flops),
            model=inputs.weights.name,
            keep_checkpoints=self.keep_checkpoints,
            lighter=self.lighter(),
            progress=progress or Quiet(),
        )

    def rows_seen(self, rows: int, learned: float) -> float:
        """How many rows of a corpus it goes through, counting every pass.

        `learned`: the tokens of a row that the loss is computed on; 0 if that is not known.
        """
        return float(rows)

    def faults_here(self) -> Iterable[tuple[str, str]]:
        """Yields settings that this machine does not support; not used when a recipe is only checked."""
        return ()

    def spec(self, inputs: TrainInputs, out: Path, seed: int, flops: FlopsModel) -> TrainingSpec:
        """The specification for the training process. Raises InputError if an input of the trainer is
        missing.
        """
        shards, shape = self._corpus(inputs)
        if self.needs_teacher != bool(inputs.teacher):
            wanted = "needs a" if self.needs_teacher else "does not use a"
            raise InputError(f"{self.kind} {wanted} teacher", where="teacher")
        digests = {"weights": inputs.weights.digest, **{p.name: digest_file(p) for p in shards}}
        if self.accelerate_config:
            digests["accelerate_config"] = digest_file(Path(self.accelerate_config).expanduser())
        if inputs.teacher:
            digests["teacher"] = inputs.teacher.digest
        if inputs.reward:
            digests["reward"] = digest_of(dict(inputs.reward))
        return TrainingSpec(
            method=self.model_dump(mode="json"),
            model=str(inputs.weights.path),
            shards=[str(p.resolve()) for p in shards],
            out=str(out.resolve()),
            seed=seed,
            flops=asdict(flops),
            digests=digests,
            shape=shape,
            teacher=str(inputs.teacher.path) if inputs.teacher else None,
            teacher_flops=asdict(_flops(inputs.teacher.path)) if inputs.teacher else None,
            reward=dict(inputs.reward) if inputs.reward else None,
        )

    def _corpus(self, inputs: TrainInputs) -> tuple[list[Path], Shape | None]:
        """The corpus's files and shape. Raises InputError if an input of the trainer is missing."""
        shapes = [shape for shape in self.reads if shape != "tasks"]
        if inputs.corpus is not None and shapes:
            return checked_shards(inputs.corpus, shapes)
        if "tasks" in self.reads and inputs.reward is not None:
            return [], None
        wanted = " or ".join(
            f"{name} examples" if name in shapes else "problems of tasks" for name in self.reads
        )
        raise InputError(f"this trainer needs {wanted}, but there is none")

    # The methods below are called in the training process.

    def patch(self) -> None:
        """Patches libraries (see process/patches.py) before `trainer_class` imports them."""

    def trainer_class(self) -> Any:
        """TRL's trainer class with the lab's counting as a base class (process/counting.py); imports TRL.

        It is instantiated with `method`, this component, in addition to the arguments of TRL's constructor.
        """
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """The trainer's own fields as values of the configuration class."""
        return {name: getattr(self, field) for name, field in self.own.items()}

    def dataset(self, spec: TrainingSpec, tokenizer: Any) -> tuple[Any, Any]:
        """The training set and the held-out set (or None), as datasets.Dataset."""
        raise NotImplementedError

    def extras(self, spec: TrainingSpec, tokenizer: Any) -> dict[str, Any]:
        """Further arguments of the trainer class's constructor."""
        return {}

    def tune(self, trainer: Any) -> None:
        """Changes the trainer before it trains."""

    def seen(self, inputs: Any) -> StepCount:
        """Token counts of a training batch."""
        return StepCount(lengths=padded(inputs))

    def flops_of(self, count: StepCount, model: FlopsModel) -> float:
        """FLOPs of a step: forward and backward are 3 x forward; sequences that only went forward count once.

        Generation is not included (see `StepLog`).
        """
        return model.train(count.lengths) + sum(model.prefill(n, 0, logits=n) for n in count.forwarded)

    def shared(self, count: StepCount) -> list[int]:
        """For each generated sequence, the prompt tokens that an earlier sequence already has."""
        return [0] * len(count.generated)

    # Advice: what to change in the recipe.

    def lighter(self) -> str:
        """Advice after running out of memory."""
        return (
            f"lower batch_size (now {self.batch_size}; raise gradient_accumulation to keep "
            "the same step size), or set args: {gradient_checkpointing: true}"
        )

    def no_examples(self) -> str:
        """Advice if every example was dropped."""
        return "no examples remain for training"

    def steadier(self) -> str:
        """Advice after a loss that is not finite."""
        return f"lower learning_rate (now {self.learning_rate:g}) or raise warmup"


def _flops(path: Path) -> FlopsModel:
    """A second model's FLOPs, from its config.json."""
    return read_flops(json.loads((path / "config.json").read_text(encoding="utf-8")))
