"""Trainers that learn from a corpus on disk: which examples, how many tokens, what is held out.

Complete problems are held out, chosen by a seeded hash, independent of `examples`. Of the rest, `examples`
are chosen by a seeded hash of each example's bytes, so that a smaller subset is contained in a larger one.
`budget_tokens` makes corpora of different sizes comparable: the loss is computed over the same number of
tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from lab.core.fields import only_with
from lab.errors import InputError
from lab.formats.corpus import Shape, read_corpus
from lab.train.arguments import COMMON_FIELDS
from lab.train.base import TrainerBase
from lab.train.corpus import as_dataset
from lab.train.selection import chosen, held_out
from lab.train.spec import TrainingSpec


class CorpusTrainer(TrainerBase):
    """Fields of every trainer that learns from a corpus."""

    own: ClassVar[Mapping[str, str]] = {
        **COMMON_FIELDS,
        "num_train_epochs": "epochs",
        "max_length": "max_length",
    }
    lays_out: ClassVar[bool] = False
    """Whether its trainer class renders conversations with the engines' code, and so gets them as turns."""

    epochs: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """Passes over the corpus."""
    max_length: int = Field(default=1024, ge=2)
    """Maximum length of an example in tokens; longer ones are cut at the end, or dropped if no completion is
    left.
    """
    examples: int | None = Field(default=None, ge=1)
    """Train on this many examples, chosen by the seed; a smaller choice is a subset of a larger one."""
    budget_tokens: int | None = Field(default=None, ge=1)
    """Can be set instead of `epochs`: train until the loss has been computed over this many tokens, with as
    many passes over the corpus as needed; the learning rate schedule is adapted.
    """
    dev_fraction: float = Field(default=0.0, ge=0, lt=1)
    """Share of the problems held out; if it is above 0, the model with the lowest held-out loss is saved."""
    eval_steps: Annotated[int, only_with("dev_fraction")] = Field(default=20, ge=1)
    """Optimiser steps between evaluations of the held-out loss (and between checkpoints, if there is one)."""
    patience: Annotated[int | None, only_with("dev_fraction")] = Field(default=None, ge=1)
    """Stop if the held-out loss has not fallen for this many evaluations; needs `dev_fraction`."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields fields that contradict each other, and the mistakes that all trainers check for."""
        yield from super().faults()
        if self.budget_tokens is not None and self._changed("epochs"):
            yield "budget_tokens", "give `epochs` or `budget_tokens`, not both"

    def rows_seen(self, rows: int, learned: float) -> float:
        """By its budget of tokens, or its epochs over the chosen examples."""
        if self.budget_tokens is not None and learned:
            return self.budget_tokens / max(1.0, learned)
        return (rows if self.examples is None else min(rows, self.examples)) * self.epochs

    def _changed(self, field: str) -> bool:
        """Whether a field differs from its default; a complete recipe states every default."""
        return bool(getattr(self, field) != type(self).model_fields[field].default)

    def settings(self) -> dict[str, Any]:
        """The settings. Each evaluation of the held-out loss is also a checkpoint, so that the best one can
        be exported.
        """
        settings = super().settings()
        if self.dev_fraction:
            settings |= {
                "eval_strategy": "steps",
                "eval_steps": self.eval_steps,
                "save_steps": self.eval_steps,
                "load_best_model_at_end": True,
                "metric_for_best_model": "eval_loss",
                "greater_is_better": False,
                "restore_callback_states_from_checkpoint": True,
            }
        return settings

    def dataset(self, spec: TrainingSpec, tokenizer: Any) -> tuple[Any, Any]:
        """The corpus's rows, chosen and split. Raises InputError if nothing is left to train on."""
        shape = spec.shape
        assert shape, "a corpus has a shape"
        table = read_corpus([Path(p) for p in spec.shards], shape)
        train, dev = held_out(table, self.dev_fraction, spec.seed)
        train = chosen(train, table, self.examples, spec.seed)
        if not train:
            raise InputError("no examples remain for training: lower dev_fraction", where="dev_fraction")
        plain = not tokenizer.chat_template and not self.lays_out
        rows = self.rows(as_dataset(table.take(train), shape, plain=plain), shape, spec.seed)
        kept = self.rows(as_dataset(table.take(dev), shape, plain=plain), shape, spec.seed) if dev else None
        return rows, kept

    def rows(self, dataset: Any, shape: Shape, seed: int) -> Any:
        """The dataset with the columns that the trainer class needs; by default the corpus's columns."""
        return dataset

    def tune(self, trainer: Any) -> None:
        """Plans the steps of a token budget, and stops early when the held-out loss no longer falls."""
        from lab.train.process.stopping import StopAtTokens, plan_budget

        if self.budget_tokens is not None:
            trainer.args.max_steps = plan_budget(trainer, self.budget_tokens)
            trainer.add_callback(StopAtTokens(self.budget_tokens))
        if self.patience is not None:
            from transformers import EarlyStoppingCallback

            trainer.add_callback(EarlyStoppingCallback(self.patience))

    def no_examples(self) -> str:
        """Advice if all examples are longer than `max_length`."""
        return f"max_length {self.max_length} cuts off the completion of every example: raise it"

    def lighter(self) -> str:
        """Also advises shorter examples."""
        return (
            f"lower batch_size (now {self.batch_size}; raise gradient_accumulation to keep "
            f"the same step size) or max_length (now {self.max_length}), or set args: "
            "{gradient_checkpointing: true}"
        )
