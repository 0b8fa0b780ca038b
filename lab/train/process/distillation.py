"""The lab's subclass of TRL's DistillationTrainer; used only in the training process (it imports TRL).

TRL's trainer generates a sample for every prompt. Here a step may use the corpus's completion instead. This
is decided at random from the seed and the step's number, so that all processes, and a continued training,
agree. Sequences are counted in the loss, after both models have processed them.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from trl import DistillationTrainer
from trl.trainer.utils import RepeatSampler

from lab.core.seeds import derive_seed
from lab.core.types import Request
from lab.engine.chat import ChatRenderer
from lab.errors import InputError
from lab.train.corpus import turns_of
from lab.train.counts import StepCount
from lab.train.process.online import CountingOnline


class CountingDistillationTrainer(CountingOnline, DistillationTrainer):  # type: ignore[misc]
    """A row is a prompt and a completion, as token ids; some steps use the completion instead of a sample.

    `on_policy` is the share of steps that generate samples; `max_length` limits prompt plus completion.
    """

    args: Any
    state: Any
    _metrics: Any

    def __init__(
        self,
        *args: Any,
        train_dataset: Any,
        eval_dataset: Any,
        processing_class: Any,
        on_policy: float,
        max_length: int,
        **kwargs: Any,
    ) -> None:
        self._given: list[list[int]] | None = None
        self._on_policy, words = on_policy, processing_class
        super().__init__(
            *args,
            train_dataset=tokens_of(train_dataset, words, max_length),
            eval_dataset=tokens_of(eval_dataset, words, max_length) if eval_dataset else None,
            processing_class=words,
            **kwargs,
        )

    def counted_at_step(self, inputs: Any) -> StepCount:
        """Nothing: rows become sequences inside the step, and are counted in the loss."""
        return StepCount()

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Counts what goes through both models, then computes the loss."""
        marks = [inputs["prompt_mask"].sum(-1), inputs["completion_mask"].sum(-1)]
        lengths = [int(n) for n in marks[0] + marks[1]]
        count = StepCount(taught=lengths)
        if self.model.training:
            count.add(StepCount(lengths=lengths, trained=int(marks[1].sum())))
        else:
            count.add(StepCount(forwarded=lengths))
        self.count.add(self._everywhere(count))
        return super().compute_loss(model, inputs, *args, **kwargs)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Any:
        draws = self.model.training and self._draws(self.state.global_step)
        self._given = None if draws else [row["completion"] for row in inputs]
        if self.model.training:
            self._metrics["train"]["on_policy"].append(float(draws))
        return super()._generate_and_score_completions(inputs)

    def _draws(self, step: int) -> bool:
        """Whether a step trains on samples of the student."""
        chance = random.Random(derive_seed(self.args.seed, "on-policy", step)).random()
        return bool(chance < self._on_policy)

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return prompts, None, {}

    def _count_drawn(self, drawn: Any, seconds: float) -> None:
        """Completions of the corpus are not generated, so they are not counted as generated."""
        if self._given is None:
            super()._count_drawn(drawn, seconds)

    def _generate_single_turn(self, prompt_ids: Any, *args: Any) -> Any:
        return self._given if self._given is not None else super()._generate_single_turn(prompt_ids, *args)

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return Passes(self, super()._get_train_sampler(dataset))


class Passes(RepeatSampler):  # type: ignore[misc]
    """TRL's sampler with an order that depends on seed and epoch, so that a continued training gets the same
    rows.
    """

    def __init__(self, trainer: Any, inner: RepeatSampler) -> None:
        self.__dict__.update(inner.__dict__)
        self._trainer = trainer

    def __iter__(self) -> Any:
        turn = int(self._trainer.state.epoch or 0)
        self.generator.manual_seed(derive_seed(self.seed, "pass", turn) % 2**63)
        return super().__iter__()


def tokens_of(rows: Any, tokenizer: Any, max_length: int) -> Any:
    """Prompt and completion of each row as token ids; the completion includes the token that ends it.

    They are rendered as by the engines. Rows without room for a completion are left out.
    """
    from datasets import Dataset, Features, List, Value

    renderer, end = ChatRenderer(tokenizer), tokenizer.eos_token_id
    found: dict[str, list[list[int]]] = {"prompt": [], "completion": []}
    for row in rows:
        prompt, completion = _pair(row, renderer)
        completion = [*completion, *([end] if end is not None else [])][: max(0, max_length - len(prompt))]
        if completion:
            found["prompt"].append(prompt)
            found["completion"].append(completion)
    kinds = Features({name: List(Value("int32")) for name in found})
    return Dataset.from_dict(found, features=kinds)


def _pair(row: dict[str, Any], renderer: ChatRenderer) -> tuple[list[int], list[int]]:
    """The prompt's tokens, and those of the completion's last turn after it."""
    asked, told = turns_of(row["prompt"], "user"), turns_of(row["completion"], "assistant")
    turns, text = (*asked, *told[:-1]), told[-1]["content"]
    prompt = list(renderer.render(Request(turns)))
    whole = list(renderer.render(Request(turns, prefix=text)))
    if whole[: len(prompt)] == prompt:
        return prompt, whole[len(prompt) :]
    return prompt, list(renderer.tokenizer.encode(text, add_special_tokens=False))


def check_vocabulary(student: str, teacher: str, tokenizer: Any) -> None:
    """Raises InputError if a token id has different meanings in the two models."""
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(teacher)
    if other.get_vocab() != tokenizer.get_vocab():
        ours, theirs = len(tokenizer.get_vocab()), len(other.get_vocab())
        message = f"its tokenizer differs from the student's ({theirs} tokens, the student has {ours})"
        raise InputError(f"{message}: {ANOTHER}", where="teacher")
    sizes = [_vocabulary(path) for path in (student, teacher)]
    if sizes[0] != sizes[1]:
        message = f"it has logits for {sizes[1]} tokens, the student for {sizes[0]}"
        raise InputError(f"{message}: {ANOTHER}", where="teacher")


def _vocabulary(path: str) -> int:
    config = json.loads((Path(path) / "config.json").read_text(encoding="utf-8"))
    return int({**config, **config.get("text_config", {})}["vocab_size"])


ANOTHER = (
    "distillation compares probabilities token by token. Use a teacher of the student's "
    "model family, or train on the teacher's texts (data method `distillation`, then `sft`)"
)
