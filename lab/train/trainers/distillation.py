"""Distillation from a teacher's probabilities, on the student's own samples, on a corpus, or on both in turn.

Agarwal et al. 2024 (generalised knowledge distillation, arXiv:2306.13649). At each token the student's
distribution over the next token is moved towards the teacher's, under a generalised Jensen-Shannon
divergence. `on_policy` is the paper's lambda: 1 trains on the student's own samples, with its own mistakes, 0
on the corpus only, which the teacher may have generated (data method `distillation`). The teacher must share
the student's vocabulary; its forward passes are charged at its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from lab.core.fields import only_with
from lab.errors import InputError
from lab.train.arguments import COMMON_FIELDS
from lab.train.base import Reads
from lab.train.counts import StepCount
from lab.train.spec import TrainingSpec
from lab.train.trainers.offline import CorpusTrainer
from lab.train.trainers.online import without_gpu


class Distillation(CorpusTrainer):
    """Learning a teacher's next-token distributions, with TRL's DistillationTrainer.

    Each step trains on new samples of the student for the corpus's prompts, or (see `on_policy`) on the
    corpus's own completions. The held-out loss is always computed on the corpus's own completions, so that
    models are compared on the same tokens. Examples that do not fill a whole step at the end of a pass are
    not used.
    """

    reads: ClassVar[tuple[Reads, ...]] = ("completion",)
    needs_teacher: ClassVar[bool] = True
    lays_out: ClassVar[bool] = True
    config: ClassVar[str] = "trl.DistillationConfig"
    own: ClassVar[Mapping[str, str]] = {
        **COMMON_FIELDS,
        "num_train_epochs": "epochs",
        "beta": "beta",
        "temperature": "temperature",
        "max_completion_length": "max_completion_length",
        "use_vllm": "use_vllm",
    }
    fixed: ClassVar[Mapping[str, str]] = {
        "teacher_model_name_or_path": "set the stage's `teacher`",
        "teacher_model_revision": "set the stage's `teacher`",
        "shuffle_dataset": "rows are shuffled by the stage's `seed`",
        "train_sampling_strategy": "rows are shuffled by the stage's `seed`",
        "remove_unused_columns": "the corpus's completions are needed for training",
        "chat_template_kwargs": "the lab formats prompts in the same way as the engines",
        "max_tool_calling_iterations": "tools are not supported",
        "label_names": "the labels are the teacher's probabilities",
        "label_smoothing_factor": "the labels are the teacher's probabilities",
    }

    kind: Literal["distillation"] = "distillation"
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus."""
    learning_rate: float = Field(default=2e-5, gt=0, allow_inf_nan=False)
    """Peak learning rate of AdamW; for LoRA about ten times more is usual."""
    batch_size: int = Field(default=8, ge=1)
    """Examples per forward pass on each device."""
    on_policy: float = Field(default=1.0, ge=0, le=1)
    """Share of the steps that train on the student's samples; the others use the corpus's completions."""
    beta: float = Field(default=1.0, ge=0, le=1)
    """The divergence: 0 is KL(teacher || student), 1 is KL(student || teacher), values between are the
    generalised Jensen-Shannon divergence.
    """
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Temperature of the samples and of both distributions in the loss."""
    max_completion_length: Annotated[int, only_with("on_policy")] = Field(default=256, ge=1)
    """Maximum length of a sample in tokens; longer ones are cut."""
    max_length: int = Field(default=1024, ge=2)
    """Maximum length of prompt plus corpus completion in tokens; longer ones are cut at the end, or dropped
    if no completion is left. Samples have their own limit.
    """
    use_vllm: Annotated[bool, only_with("on_policy")] = False
    """Draw samples with vLLM (on a CUDA GPU; `args: {vllm_mode: colocate or server, ...}`) instead of
    transformers.
    """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error for a token budget over samples, whose lengths are not known in advance."""
        yield from super().faults()
        if self.budget_tokens is not None and self.on_policy:
            yield (
                "budget_tokens",
                "the length of the samples is not known in advance: give `epochs`, or set `on_policy: 0`",
            )

    def faults_here(self) -> Iterable[tuple[str, str]]:
        """Yields an error for `use_vllm` without a GPU."""
        return without_gpu(self.use_vllm)

    def patch(self) -> None:
        """Patches TRL for trainers that generate samples."""
        from lab.train.process.patches import patch_drawing

        patch_drawing(use_vllm=self.use_vllm)

    def settings(self) -> dict[str, Any]:
        """The settings. The teacher is loaded in fp32 unless `args` says otherwise."""
        loading = {"dtype": "float32", **(self.args.get("teacher_model_init_kwargs") or {})}
        return {**super().settings(), "teacher_model_init_kwargs": loading}

    def trainer_class(self) -> Any:
        """TRL's trainer with counting, which can also use the corpus's completions."""
        from lab.train.process.distillation import CountingDistillationTrainer

        return CountingDistillationTrainer

    def seen(self, inputs: Any) -> StepCount:
        """Counts of the corpus's own completions, for planning; the loss counts what is trained on."""
        return StepCount(trained=sum(len(row["completion"]) for row in inputs))

    def extras(self, spec: TrainingSpec, tokenizer: Any) -> dict[str, Any]:
        """The teacher. Raises InputError if it has another vocabulary than the student."""
        from lab.train.process.distillation import check_vocabulary

        assert spec.teacher, "checked by launch"
        check_vocabulary(spec.model, spec.teacher, tokenizer)
        return {
            "teacher_model": spec.teacher,
            "on_policy": self.on_policy,
            "max_length": self.max_length,
        }

    def tune(self, trainer: Any) -> None:
        """As for all corpus trainers. Raises InputError if the corpus does not fill one step."""
        step = self.batch_size * self.gradient_accumulation * trainer.accelerator.num_processes
        if len(trainer.train_dataset) < step:
            message = f"one step needs {step} examples, but the corpus has {len(trainer.train_dataset)}"
            raise InputError(f"{message}: lower batch_size or gradient_accumulation", where="batch_size")
        super().tune(trainer)

    def lighter(self) -> str:
        """Also advises shorter samples."""
        return f"{super().lighter()}, or lower max_completion_length (now {self.max_completion_length})"
