"""Trainers that learn from their own samples: they generate groups of answers, which the checker rewards.

The reward is the checker's verdict, 1 for right and 0 for wrong. Unscored answers are left out of the
baseline of their group and have no effect. Prompts are train problems in an order that depends on the seed,
for several epochs, fixed before training, so that a continued training uses the same ones. Each generated
sequence is counted and charged, and so is every forward pass (see process/online.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from lab.system.machine import detect
from lab.train.arguments import COMMON_FIELDS
from lab.train.base import Reads, TrainerBase
from lab.train.counts import StepCount
from lab.train.spec import TrainingSpec


class OnlineTrainer(TrainerBase):
    """Fields of every trainer that generates its own samples."""

    reads: ClassVar[tuple[Reads, ...]] = ("tasks",)
    own: ClassVar[Mapping[str, str]] = {
        **COMMON_FIELDS,
        "max_steps": "steps",
        "num_generations": "generations",
        "max_completion_length": "max_completion_length",
        "temperature": "temperature",
        "beta": "beta",
        "use_vllm": "use_vllm",
    }
    fixed: ClassVar[Mapping[str, str]] = {
        "num_train_epochs": "set `steps`",
        "shuffle_dataset": "the problems are shuffled by the stage's `seed`",
        "remove_unused_columns": "the reward needs to know which problem a text answers",
        "reward_weights": "the only reward is the checker",
        "chat_template_kwargs": "the lab formats prompts in the same way as the engines",
        "generation_batch_size": "set steps_per_generation",
        "num_generations_eval": "there are no held-out problems",
        "sync_ref_model": "the reference is the model before training",
        "ref_model_sync_steps": "the reference is the model before training",
        "ref_model_mixup_alpha": "the reference is the model before training",
        "max_tool_calling_iterations": "tools are not supported",
        "log_completions_hub_repo": "a train stage never publishes anything",
        "use_transformers_paged": "it keeps the weights in bf16, which loses small updates",
        "use_transformers_continuous_batching": "it keeps the weights in bf16, which loses small updates",
        "transformers_continuous_batching_config": "continuous batching is not used",
    }

    steps: int = Field(default=100, ge=1)
    """Optimiser steps."""
    generations: int = Field(default=8, ge=2)
    """Answers generated per problem; each is compared with the others, so there are at least two."""
    max_completion_length: int = Field(default=128, ge=1)
    """Maximum length of an answer in tokens; longer ones are cut."""
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Temperature of the samples; log-probabilities are computed at the same temperature."""
    learning_rate: float = Field(default=1e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW; for LoRA about ten times more is usual."""
    batch_size: int = Field(default=16, ge=1)
    """Answers per forward pass on each device. All answers of a step are generated together; their number
    is a multiple of `generations`.
    """
    gradient_accumulation: int = Field(default=2, ge=1)
    """Forward passes per optimiser step."""
    warmup: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Steps over which the learning rate rises from zero; a value below 1 is a fraction of all steps. Answers
    generated while the rate is still zero are not used.
    """
    lr_scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "constant_with_warmup"
    """How the learning rate changes after the warm-up."""
    beta: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Weight of the penalty that keeps the policy close to the model it starts from; 0 needs no reference
    model.
    """
    use_vllm: bool = False
    """Generate samples with vLLM (on a CUDA GPU; `args: {vllm_mode: colocate or server, ...}`) instead of
    transformers.
    """

    @property
    def keeps_reference(self) -> bool:
        """Only needed for a penalty."""
        return self.beta > 0

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error if a step is not a multiple of a group, or if a checkpoint would split a batch of
        answers.
        """
        yield from super().faults()
        drawn, lasts = self._drawn_at_once(_processes(self.accelerate_config)), self._lasts()
        if drawn % self.generations:
            yield "generations", UNEVEN.format(drawn=drawn, **self.model_dump())
        if (self.save_steps * self.gradient_accumulation) % lasts:
            every = lasts / self.gradient_accumulation
            yield (
                "save_steps",
                f"answers are generated every {every:g} steps, so save_steps must be a multiple of {every:g}",
            )

    def faults_here(self) -> Iterable[tuple[str, str]]:
        """Yields an error for `use_vllm` without a GPU."""
        return without_gpu(self.use_vllm)

    def patch(self) -> None:
        """Patches TRL for trainers that generate samples."""
        from lab.train.process.patches import patch_drawing

        patch_drawing(use_vllm=self.use_vllm)

    def dataset(self, spec: TrainingSpec, tokenizer: Any) -> tuple[Any, Any]:
        """The problem of every group that will be generated, in order: its prompt and its id."""
        from accelerate import PartialState

        from lab.train.process.online import laid_out

        drawn, _ = self.volume(PartialState().num_processes)
        return laid_out(spec, drawn // self.generations), None

    def extras(self, spec: TrainingSpec, tokenizer: Any) -> dict[str, Any]:
        """The checker as the reward function."""
        from lab.train.process.online import reward_function

        return {"reward_funcs": reward_function(spec, tokenizer)}

    def settings(self) -> dict[str, Any]:
        """The settings. Problems are used in the order of the dataset."""
        return {**super().settings(), "shuffle_dataset": False}

    def seen(self, inputs: Any) -> StepCount:
        """Nothing: sequences are counted when they are generated and when their probabilities are
        computed.
        """
        return StepCount()

    def shared(self, count: StepCount) -> list[int]:
        """All but the first of each group share their prompt."""
        return [p if i % self.generations else 0 for i, (p, _) in enumerate(count.generated)]

    def lighter(self) -> str:
        """Also advises shorter answers."""
        return (
            f"lower batch_size (now {self.batch_size}; raise gradient_accumulation to keep "
            "the same step size) or max_completion_length (now "
            f"{self.max_completion_length}), or set args: {{gradient_checkpointing: true}}"
        )

    def steadier(self) -> str:
        """Also advises a penalty that keeps the policy close to the reference."""
        return (
            f"lower learning_rate (now {self.learning_rate:g}), raise warmup, or raise beta "
            f"(now {self.beta:g}), which keeps the policy close to the reference"
        )

    def volume(self, processes: int = 1) -> tuple[int, int]:
        """The number of answers generated and of sequences trained on, in all steps."""
        passes = self.steps * self.gradient_accumulation
        return -(-passes // self._lasts()) * self._drawn_at_once(
            processes
        ), passes * self.batch_size * processes

    def forwards(self) -> int:
        """How often an answer goes only forward before it is trained on."""
        raise NotImplementedError

    def _drawn_at_once(self, processes: int) -> int:
        """Answers in one round of generation, over all processes."""
        return self.batch_size * processes * self._whole("steps_per_generation", self.gradient_accumulation)

    def _lasts(self) -> int:
        """Forward passes until the next round of generation."""
        passes = self._whole("steps_per_generation", self.gradient_accumulation)
        return passes * self._whole("num_iterations", 1)

    def _whole(self, name: str, default: int) -> int:
        """A whole number in `args`; any other value is left for TRL to refuse."""
        value = self.args.get(name, default)
        return value if isinstance(value, int) and value > 0 else default


def without_gpu(use_vllm: bool) -> Iterable[tuple[str, str]]:
    """Yields an error if `use_vllm` is not possible on this machine."""
    if use_vllm and not detect().gpus:
        yield "use_vllm", NO_VLLM


def _processes(config: str | None) -> int:
    """The number of processes in an accelerate file."""
    if config is None or not Path(config).expanduser().is_file():
        return 1
    import yaml

    asked = (yaml.safe_load(Path(config).expanduser().read_text()) or {}).get("num_processes", 1)
    return asked if isinstance(asked, int) and asked > 0 else 1


UNEVEN = (
    "{drawn} answers are generated at once (batch_size {batch_size} x gradient_accumulation "
    "{gradient_accumulation} x processes, or x steps_per_generation), which must be a multiple of "
    "generations ({generations})"
)

NO_VLLM = (
    "TRL can generate samples with vLLM only on a CUDA GPU, and this machine has none. "
    "Remove the setting to use transformers"
)
