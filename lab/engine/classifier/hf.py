"""A classifier on transformers: one padded forward pass per batch of similar lengths.

Logits are converted to probabilities here (sigmoid for one label, softmax for more), in float32. Rows are
padded on the right with a token that the model treats as padding, so a row's score does not depend on the
other rows (except for rounding in the padded batch).
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, Request
from lab.engine.base import LoadingSettings
from lab.engine.chat import load_tokenizer
from lab.engine.classifier.chat import ClassifierTask, ConversationRenderer, Layout
from lab.engine.precision import TRANSFORMERS, versions_of
from lab.engine.replies import failed, scores_reply
from lab.errors import EngineError
from lab.system.processor import sleep_while_waiting

DEFAULT_MODEL_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    layout: Layout


class ClassifierSettings(LoadingSettings, Protocol):
    """What a classifier needs of its config, on transformers or on vLLM."""

    @property
    def device(self) -> str: ...
    @property
    def batch(self) -> int: ...
    @property
    def step(self) -> str: ...
    @property
    def kv_cache_gib(self) -> float: ...


class HfClassifier(Engine):
    """The engine; made by `ClassifierConfig.open` from a config without "auto"."""

    def __init__(self, config: ClassifierSettings, weights: Weights, task: ClassifierTask) -> None:
        sleep_while_waiting()
        self._device, self._task = config.device, task
        self._model: Any = _load(config, weights, task, self._device)
        settings = self._model.config.get_text_config()
        self._pad: int | None = settings.pad_token_id
        tokenizer: Any = load_tokenizer(weights.path, trust_remote_code=config.trust_remote_code)
        step = config.step if task == "token" else ""
        self._renderer = ConversationRenderer(tokenizer, step=step, pad=self._pad)
        own = getattr(settings, "max_position_embeddings", DEFAULT_MODEL_LENGTH)
        self._length = config.max_model_len or min(own, DEFAULT_MODEL_LENGTH)
        self._batch = config.batch
        self._queue: list[tuple[int, Request, tuple[int, ...]]] = []
        kind = "classifier-hf" if config.device == "cpu" else f"classifier-hf-{config.device}"
        self.former_identity = f"{weights.digest}:{config.dtype}:{kind}:{task}:len{self._length}:{step!r}"
        self.identity = self.former_identity + versions_of(*TRANSFORMERS)
        self.capacity = 4 * config.batch
        self.seconds = 0.0
        """Wall time spent scoring: the sum of all completions' `seconds`."""

    def render(self, request: Request) -> tuple[int, ...]:
        """The token ids of the complete conversation."""
        return self._renderer.layout(request).ids

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Queues a conversation."""
        self._queue.append((id, request, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        """Scores one batch, the shortest conversations first. Raises EngineError if the model cannot be
        run.
        """
        self._queue.sort(key=lambda item: len(item[2]))
        taken, self._queue = self._queue[: self._batch], self._queue[self._batch :]
        done = [(id, _overlong(prompt, self._length)) for id, _, prompt in taken if self._too_long(prompt)]
        rows = [_Row(i, self._renderer.layout(r)) for i, r, p in taken if not self._too_long(p)]
        if not rows:
            return done
        started = perf_counter()
        try:
            scores = self._judge([row.layout for row in rows])
        except Exception as error:
            raise EngineError(
                f"transformers failed while scoring: {error}. Everything finished so far is kept. If "
                "memory ran out, lower engine.batch."
            ) from error
        elapsed = perf_counter() - started
        self.seconds += elapsed
        return done + [
            (row.id, scores_reply(len(row.layout.ids), found, elapsed / len(rows), elapsed))
            for row, found in zip(rows, scores, strict=True)
        ]

    def close(self) -> None:
        """Releases the model."""
        self._queue.clear()
        self._model = None
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _too_long(self, prompt: tuple[int, ...]) -> bool:
        return len(prompt) > self._length

    def _judge(self, layouts: list[Layout]) -> list[tuple[float, ...]]:
        """The scores of each conversation of a batch."""
        import torch

        width = max(len(layout.ids) for layout in layouts)
        pad = self._padding(layouts)
        inputs = torch.tensor([[*x.ids, *[pad] * (width - len(x.ids))] for x in layouts])
        mask = torch.tensor([[1] * len(x.ids) + [0] * (width - len(x.ids)) for x in layouts])
        with torch.inference_mode():
            logits = self._model(
                input_ids=inputs.to(self._device), attention_mask=mask.to(self._device)
            ).logits
        logits = logits.float().cpu()
        if self._task == "sequence":
            return [probabilities(row) for row in logits]
        return [
            tuple(_last(probabilities(rows[at])) for at in x.ends)
            for x, rows in zip(layouts, logits, strict=True)
        ]

    def _padding(self, layouts: list[Layout]) -> int:
        """The model's own padding token, or a token that occurs in none of the conversations and is used as
        padding.
        """
        if self._pad is not None:
            return self._pad
        used = {token for layout in layouts for token in layout.ids}
        settings = self._model.config.get_text_config()
        unused: int = next(token for token in range(settings.vocab_size) if token not in used)
        settings.pad_token_id = self._model.config.pad_token_id = unused
        return unused


def probabilities(logits: Any) -> tuple[float, ...]:
    """For one row of logits (labels,): the sigmoid of a single one, else the softmax."""
    found = logits.sigmoid() if logits.shape[-1] == 1 else logits.softmax(-1)
    return tuple(found.tolist())


def _last(found: tuple[float, ...]) -> float:
    """The probability of label 1, or of the only label."""
    return found[1] if len(found) > 1 else found[0]


def _overlong(prompt: tuple[int, ...], limit: int) -> Completion:
    return failed(
        len(prompt), f"the conversation has {len(prompt)} tokens, more than max_model_len ({limit})"
    )


def _load(config: ClassifierSettings, weights: Weights, task: ClassifierTask, device: str) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    auto: Any = AutoModelForSequenceClassification if task == "sequence" else AutoModelForTokenClassification
    try:
        model = auto.from_pretrained(
            str(weights.path),
            dtype=getattr(torch, config.dtype),
            trust_remote_code=config.trust_remote_code,
        )
        return model.to(device).eval()
    except Exception as error:
        raise EngineError(f"transformers could not load the classifier '{weights.name}': {error}") from error
