"""The engine of kind "hf": left-padded batches through a transformers model, with one sampling loop.

A poll takes up to `batch` queued requests, prefills them together and decodes them token by token; rows leave
the batch as they finish. Each row has its own random generator, seeded by its request, so a row's tokens do
not depend on the other rows (except for rounding in the padded batch).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol

from lab.core.ledger import TimeShare
from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, FinishReason, Request, Usage
from lab.engine.base import LoadingSettings
from lab.engine.certainty import measure, unzipped, wanted
from lab.engine.chat import ChatRenderer, load_tokenizer
from lab.engine.hf.guide import Guide, Guides
from lab.engine.precision import TRANSFORMERS, versions_of
from lab.engine.replies import cut, failed, stop_at
from lab.errors import EngineError
from lab.system.processor import sleep_while_waiting

DEFAULT_MODEL_LENGTH = 4096


@dataclass(slots=True)
class _Sequence:
    """One sequence being generated. `since` is the engine's time share when it entered."""

    id: int
    request: Request
    prompt: tuple[int, ...]
    choices: dict[str, int]
    stop: tuple[str, ...]
    generator: Any
    limit: int
    guide: Guide | None
    scored: int
    """The number of last tokens of the prompt that are a prefix to be scored."""
    held: tuple[float, ...] = ()
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    sure: list[list[float]] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)
    finish: FinishReason | None = None


class HfSettings(LoadingSettings, Protocol):
    """What the engine needs of its config."""

    @property
    def device(self) -> str: ...
    @property
    def batch(self) -> int: ...


class HfEngine(Engine):
    """The engine; made by `HfConfig.open` from a config without "auto"."""

    def __init__(self, config: HfSettings, weights: Weights) -> None:
        sleep_while_waiting()
        device = self._device = config.device
        self._model: Any = _load(config, weights, device)
        tokenizer = load_tokenizer(weights.path, trust_remote_code=config.trust_remote_code)
        self._renderer = ChatRenderer(tokenizer)
        self._end = _end_tokens(self._model, tokenizer)
        self._guides = Guides(tokenizer, self._model.config.get_text_config().vocab_size, self._end)
        self._length = config.max_model_len or _own_length(self._model)
        self._batch = config.batch
        self._queue: deque[tuple[int, Request, tuple[int, ...]]] = deque()
        kind = "hf" if device == "cpu" else f"hf-{device}"  # other kernels, other rounding
        named = f"{weights.digest}:{config.dtype}:{kind}:len{self._length}"
        self.former_identity = named + self._renderer.identity
        self.identity = self.former_identity + versions_of(*TRANSFORMERS)
        self.capacity = 4 * config.batch
        self.seconds = 0.0
        """Wall time spent generating: the sum of all completions' `seconds`."""

    def render(self, request: Request) -> tuple[int, ...]:
        """Prompt token ids by the model's chat template."""
        return self._renderer.render(request)

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Queues a request."""
        self._queue.append((id, request, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        """Generates one batch to its end. Raises EngineError if the model cannot be run."""
        done: list[tuple[int, Completion]] = []
        rows: list[_Sequence] = []
        while self._queue and len(rows) < self._batch:
            id, request, prompt = self._queue.popleft()
            try:
                rows.append(self._row(id, request, prompt))
            except ValueError as error:
                done.append((id, failed(len(prompt), str(error))))
        if rows:
            try:
                done += self._generate(rows)
            except Exception as error:
                raise EngineError(
                    f"transformers failed while generating: {error}. Everything finished so far is "
                    "kept. If memory ran out, lower engine.batch."
                ) from error
        return done

    def close(self) -> None:
        """Releases the model."""
        self._queue.clear()
        self._model = None
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _row(self, id: int, request: Request, prompt: tuple[int, ...]) -> _Sequence:
        import torch

        if len(prompt) >= self._length:
            raise ValueError(
                f"the prompt has {len(prompt)} tokens, so max_model_len {self._length} "
                "leaves no room for an answer"
            )
        sampling = request.sampling
        choices = self._renderer.first_tokens(sampling.allowed_tokens) if sampling.allowed_tokens else {}
        guide = self._guides.guide(sampling.json_schema) if sampling.json_schema else None
        generator = torch.Generator().manual_seed(sampling.seed or 0)
        limit = min(sampling.max_tokens, self._length - len(prompt))
        start = self._renderer.prefix_start(request, prompt) if sampling.score_prefix else len(prompt)
        return _Sequence(
            id,
            request,
            prompt,
            choices,
            (*sampling.stop, *self._renderer.stop(request)),
            generator,
            limit,
            guide,
            len(prompt) - start,
        )

    def _generate(self, rows: list[_Sequence]) -> list[tuple[int, Completion]]:
        """Prefills, then generates one token per step for the rows that are still running."""
        import torch

        began = started = perf_counter()
        share, done = TimeShare(), []
        inputs, mask = _padded(rows, self._device)
        cache, alive, kept = None, rows, 1 + max(row.scored for row in rows)
        with torch.inference_mode():
            while True:
                positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
                output = self._model(
                    input_ids=inputs,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=kept,
                )
                if kept > 1:
                    _score(rows, output.logits)
                cache, kept = output.past_key_values, 1
                for row, logits in zip(alive, output.logits[:, -1].float().cpu(), strict=True):
                    self._advance(row, logits)
                now = perf_counter()
                share.add(now - started, len(alive))
                self.seconds += now - started
                started = now
                done += [
                    (row.id, self._completion(row, share.total, now - began)) for row in alive if row.finish
                ]
                keep = [at for at, row in enumerate(alive) if not row.finish]
                if len(keep) < len(alive):
                    alive = [alive[at] for at in keep]
                    if not alive:
                        break
                    index = torch.tensor(keep, device=mask.device)
                    mask = mask[index]
                    cache.batch_select_indices(index)
                inputs = torch.tensor([[row.ids[-1]] for row in alive], device=mask.device)
                mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
        return done

    def _advance(self, row: _Sequence, logits: Any) -> None:
        """Samples one token for a row from its raw logits and checks whether the row ends."""
        import torch

        sampling = row.request.sampling
        raw = torch.log_softmax(logits, -1)
        if row.choices and not row.ids:
            row.first = {string: float(raw[token]) for string, token in row.choices.items()}
        if row.guide is not None:
            row.guide.restrict(logits)
        token = _sample(logits, row)
        row.ids.append(token)
        if row.guide is not None:
            row.guide.accept(token)
        if sampling.logprobs:
            row.logprobs.append(float(raw[token]))
        if wanted(sampling):
            row.sure.append(measure(logits[None])[0].tolist())
        ended = token in self._end and not row.choices
        if ended or (row.stop and stop_at(self._text(row), row.stop) >= 0):
            row.finish = "stop"
        elif len(row.ids) >= row.limit:
            row.finish = "length"

    def _text(self, row: _Sequence) -> str:
        """The generated text, decoded after the prompt's last token, so that a leading space is kept."""
        decode = self._renderer.tokenizer.decode
        before = str(decode(row.prompt[-1:], skip_special_tokens=True))
        return str(decode([*row.prompt[-1:], *row.ids], skip_special_tokens=True))[len(before) :]

    def _completion(self, row: _Sequence, seconds: float, latency: float) -> Completion:
        text, stopped = cut(self._text(row), row.stop)
        if (
            stopped not in row.request.sampling.stop
        ):  # the transcript format's stop string, which ends the turn
            stopped = ""
        usage = Usage(len(row.prompt), 0, len(row.ids))
        finish = row.finish or "length"
        logprobs, (confidence, certainty) = tuple(row.logprobs), unzipped(row.sure)
        found = Completion(text, finish, usage, logprobs, tuple(row.ids), row.first, seconds)
        return replace(
            found,
            stopped=stopped,
            confidence=confidence,
            certainty=certainty,
            prefix_logprobs=row.held,
            latency=latency,
        )


def _score(rows: list[_Sequence], logits: Any) -> None:
    """Log-probabilities of the scored prefixes from the last positions' logits (rows, positions, vocabulary).

    Prompts end at the same position (they are padded on the left), and the logits for a token are one
    position earlier.
    """
    import torch

    for row, mine in zip(rows, logits, strict=True):
        if row.scored:
            tokens = torch.tensor(row.prompt[-row.scored :], device=mine.device)
            logprobs = torch.log_softmax(mine[-row.scored - 1 : -1].float(), -1)
            row.held = tuple(logprobs.gather(1, tokens[:, None])[:, 0].tolist())


def _sample(logits: Any, row: _Sequence) -> int:
    """One token id: greedy at temperature 0, else nucleus sampling with the row's own generator."""
    import torch

    sampling = row.request.sampling
    if row.choices:
        allowed = torch.full_like(logits, float("-inf"))
        tokens = list(row.choices.values())
        allowed[tokens] = logits[tokens]
        logits = allowed
    if sampling.temperature <= 0:
        return int(logits.argmax())
    probabilities = torch.softmax(logits / sampling.temperature, -1)
    if sampling.top_p < 1:
        ordered, order = probabilities.sort(descending=True)
        outside = ordered.cumsum(-1) - ordered >= sampling.top_p
        probabilities[order[outside]] = 0
    return int(torch.multinomial(probabilities, 1, generator=row.generator))


def _padded(rows: list[_Sequence], device: str) -> tuple[Any, Any]:
    """(input ids, attention mask), both (rows, longest prompt), padded on the left."""
    import torch

    width = max(len(row.prompt) for row in rows)
    inputs = [[0] * (width - len(row.prompt)) + list(row.prompt) for row in rows]
    mask = [[0] * (width - len(row.prompt)) + [1] * len(row.prompt) for row in rows]
    return torch.tensor(inputs, device=device), torch.tensor(mask, device=device)


def _load(config: HfSettings, weights: Weights, device: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(weights.path),
            dtype=getattr(torch, config.dtype),
            trust_remote_code=config.trust_remote_code,
        )
        return model.to(device).eval()
    except Exception as error:
        raise EngineError(f"transformers could not load model '{weights.name}': {error}") from error


def _own_length(model: Any) -> int:
    config = model.config.get_text_config()
    return min(getattr(config, "max_position_embeddings", DEFAULT_MODEL_LENGTH), DEFAULT_MODEL_LENGTH)


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Token ids that end a turn: the generation config's and the tokenizer's EOS."""
    configured = model.generation_config.eos_token_id
    listed = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in (*listed, tokenizer.eos_token_id) if token is not None)
