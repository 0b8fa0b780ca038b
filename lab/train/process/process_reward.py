"""The trainer of process reward models; used only in the training process (it imports transformers).

Rows are rendered by the same code as in use (lab.engine.classifier.chat), so that a model is trained at the
positions at which it is read later. Every other position is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch.nn import functional
from transformers import AutoModelForTokenClassification, Trainer, set_seed

from lab.core.types import Request, Sampling
from lab.engine.classifier.chat import ConversationRenderer
from lab.errors import InputError
from lab.train.base import TrainerBase
from lab.train.corpus import turns_of
from lab.train.process.counting import Counting

IGNORED = -100.0
"""Label of a position without loss."""
NAMES = {0: "wrong", 1: "right"}
"""The two labels; the engine reads the probability of label 1."""


class CountingStepTrainer(Counting, Trainer):  # type: ignore[misc]
    """Loads a two-label token classifier from `model`, renders the rows, and counts what it trains on."""

    def __init__(
        self,
        *,
        method: TrainerBase,
        model: str,
        args: Any,
        train_dataset: Any,
        eval_dataset: Any,
        processing_class: Any,
        peft_config: Any,
        step: str,
        max_length: int,
    ) -> None:
        if processing_class.pad_token_id is None:
            processing_class.pad_token = processing_class.eos_token
        set_seed(args.seed)  # of the head's first weights
        lay = partial(_laid_out, tokenizer=processing_class, step=step, max_length=max_length)
        super().__init__(
            method=method,
            model=_classifier(model, processing_class.pad_token_id, peft_config, args),
            args=args,
            data_collator=partial(collate, pad=processing_class.pad_token_id or 0),
            train_dataset=lay(train_dataset),
            eval_dataset=lay(eval_dataset) if eval_dataset is not None else None,
            processing_class=processing_class,
            compute_loss_func=step_loss,
        )


def step_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    """Mean cross-entropy over the labelled positions of the complete optimiser step, in nats.

    `labels` (rows, tokens): the probability of "right", or IGNORED.
    """
    at = labelled(labels)
    right = labels[at]
    targets = torch.stack([1 - right, right], dim=-1)
    total = functional.cross_entropy(outputs.logits[at].float(), targets, reduction="sum")
    return total / (at.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch)


def labelled(labels: Any) -> Any:
    """The labelled positions, as a mask."""
    return labels != IGNORED


def layout_of(
    renderer: ConversationRenderer, prompt: Sequence[Any], steps: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens of a solution and the position at which each of its steps is scored.

    Raises InputError if the separator splits the solution into other steps than the corpus does.
    """
    text = "".join(s if s.endswith(renderer.step) else s + renderer.step for s in steps)
    turns = (*prompt, {"role": "assistant", "content": text})
    layout = renderer.layout(Request(turns, Sampling()))
    if len(layout.ends) != len(steps):
        raise InputError(
            f"an example has {len(steps)} labelled steps, but {renderer.step!r} splits its "
            f"text into {len(layout.ends)}: set the separator that the corpus was made with "
            f"(the text starts with {text[:60]!r})",
            where="step",
        )
    return layout.ids, layout.ends


def collate(rows: list[dict[str, Any]], pad: int) -> dict[str, Any]:
    """A batch padded on the right."""
    width = max(len(row["input_ids"]) for row in rows)

    def filled(name: str, value: float) -> list[list[float]]:
        return [[*row[name], *[value] * (width - len(row[name]))] for row in rows]

    return {
        "input_ids": torch.tensor(filled("input_ids", pad), dtype=torch.long),
        "attention_mask": torch.tensor(
            [[1] * len(r["input_ids"]) + [0] * (width - len(r["input_ids"])) for r in rows]
        ),
        "labels": torch.tensor(filled("labels", IGNORED), dtype=torch.float32),
    }


def _laid_out(rows: Any, *, tokenizer: Any, step: str, max_length: int) -> Any:
    """input_ids and labels of each row that has a step within `max_length`."""
    renderer = ConversationRenderer(tokenizer, step=step)

    def one(row: dict[str, Any]) -> dict[str, Any]:
        scores = _checked(row["labels"], len(row["completions"]))
        ids, ends = layout_of(renderer, turns_of(row["prompt"], "user"), row["completions"])
        labels = [IGNORED] * len(ids)
        for end, score in zip(ends, scores, strict=True):
            labels[end] = score
        return {"input_ids": ids[:max_length], "labels": labels[:max_length]}

    laid = [one(row) for row in rows]
    return _dataset([row for row in laid if any(label != IGNORED for label in row["labels"])])


def _dataset(rows: list[dict[str, Any]]) -> Any:
    from datasets import Dataset, Features, List, Value

    kinds = Features({"input_ids": List(Value("int32")), "labels": List(Value("float32"))})
    return Dataset.from_dict({name: [row[name] for row in rows] for name in kinds}, features=kinds)


def _checked(labels: Sequence[float] | None, steps: int) -> list[float]:
    """One number in [0, 1] per step. Raises InputError otherwise."""
    found = [float("nan") if label is None else float(label) for label in labels or ()]
    if len(found) != steps or not all(0 <= label <= 1 for label in found):
        raise InputError(
            f"an example has the labels {found} for {steps} steps; expected one label in [0, 1] per step"
        )
    return found


def _classifier(model: str, pad: int | None, peft_config: Any, args: Any) -> Any:
    """The model in fp32 with a new head, without dropout except in the adapters."""
    auto: Any = AutoModelForTokenClassification
    fp32 = torch.float32
    try:
        built = auto.from_pretrained(
            model, num_labels=2, id2label=NAMES, label2id={v: k for k, v in NAMES.items()}, dtype=fp32
        )
    except ValueError as error:
        raise InputError(f"transformers has no token classifier for this model family: {error}") from None
    built.config.get_text_config().pad_token_id = pad
    for module in built.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # a new head has its own dropout
    if peft_config is None:
        return built
    from peft import get_peft_model

    adapted = get_peft_model(built, peft_config)
    if args.gradient_checkpointing:
        adapted.enable_input_require_grads()
    return adapted
