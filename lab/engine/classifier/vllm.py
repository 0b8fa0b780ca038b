"""A sequence classifier on vLLM's pooling runner, in this process.

It uses `LLMEngine.add_request` with PoolingParams and `step`, like the generating engine, and requests raw
logits; they are converted to probabilities as in `hf`. The last prompt token is used, so trailing padding
tokens are removed from the prompt. The prefix cache finds the question that several answers share.
"""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Any

from lab.core.ledger import TimeShare
from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, Request, Usage
from lab.engine.chat import load_tokenizer
from lab.engine.classifier.chat import ConversationRenderer
from lab.engine.classifier.hf import ClassifierSettings, probabilities
from lab.engine.precision import VLLM, versions_of
from lab.engine.replies import failed
from lab.engine.vllm.config import VllmConfig, device_of
from lab.engine.vllm.library import start, stop
from lab.engine.vllm.tuning import shape_of, tune
from lab.errors import EngineError
from lab.system.machine import detect


class VllmClassifier(Engine):
    """The engine; made by `ClassifierConfig.open`."""

    def __init__(self, config: ClassifierSettings, weights: Weights) -> None:
        settings = VllmConfig(
            max_model_len=config.max_model_len,
            max_num_seqs=config.batch,
            kv_cache_gib=config.kv_cache_gib,
            dtype=config.dtype,
            eager=True,
        )
        machine = detect(weights.path)
        device = device_of(machine)
        self.tuning = tune(settings, machine, shape_of(weights.path), expected_tokens=0, device=device)
        arguments = {
            "model": str(weights.path),
            "dtype": config.dtype,
            "trust_remote_code": config.trust_remote_code,
            "runner": "pooling",
            **self.tuning.arguments,
        }
        self._engine: Any = start(arguments, self.tuning, weights.name)
        tokenizer: Any = load_tokenizer(weights.path, trust_remote_code=config.trust_remote_code)
        pad = self._engine.model_config.hf_text_config.pad_token_id
        self._renderer = ConversationRenderer(tokenizer, pad=pad)
        length = self.tuning.max_model_len
        self.former_identity = f"{weights.digest}:{config.dtype}:classifier-vllm-{device}:len{length}"
        self.identity = self.former_identity + versions_of(*VLLM)
        self.capacity = 4 * config.batch
        self.seconds = 0.0
        """Wall time spent in `poll` with work inside: the sum of all completions' `seconds`."""
        self._slots, self._share = config.batch, TimeShare()
        self._queue: deque[tuple[int, tuple[int, ...]]] = deque()
        self._inside: dict[str, tuple[int, int, float, float]] = {}
        """Request key -> (id, prompt tokens, time share at entry, time of entry)."""

    def render(self, request: Request) -> tuple[int, ...]:
        """The token ids of the complete conversation."""
        return self._renderer.layout(request).ids

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Queues a conversation; it enters vLLM when a place is free."""
        self._queue.append((id, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        """Fills vLLM, runs one step, and returns what finished. Raises EngineError if vLLM crashed."""
        started = perf_counter()
        done = self._feed()
        if not self._inside:
            return done
        try:
            outputs = [o for o in self._engine.step() if o.finished]
        except Exception as error:
            raise EngineError(
                f"vLLM stopped while scoring: {type(error).__name__}: {error}. Everything finished so "
                "far is kept; run the same command again to continue."
            ) from error
        elapsed = perf_counter() - started
        self.seconds += elapsed
        self._share.add(elapsed, len(self._inside))
        return done + [self._verdict(output) for output in outputs]

    def close(self) -> None:
        """Shuts vLLM down and frees its memory."""
        self._queue.clear()
        self._inside.clear()
        if self._engine is not None:
            engine, self._engine = self._engine, None
            stop(engine)

    def _feed(self) -> list[tuple[int, Completion]]:
        from vllm.pooling_params import PoolingParams

        refused = []
        while self._queue and len(self._inside) < self._slots:
            id, prompt = self._queue.popleft()
            params = PoolingParams(task="classify", use_activation=False)
            try:
                if len(prompt) > self.tuning.max_model_len:
                    limit = self.tuning.max_model_len
                    raise ValueError(
                        f"the conversation has {len(prompt)} tokens, more than max_model_len ({limit})"
                    )
                tokens = {"type": "token", "prompt_token_ids": list(prompt)}
                self._engine.add_request(str(id), tokens, params)
                self._inside[str(id)] = (id, len(prompt), self._share.total, perf_counter())
            except (ValueError, TypeError) as error:
                refused.append((id, failed(len(prompt), f"vLLM rejected the request: {error}")))
        return refused

    def _verdict(self, output: Any) -> tuple[int, Completion]:
        id, prompt, since, entered = self._inside.pop(output.request_id)
        seconds, latency = self._share.total - since, perf_counter() - entered
        if getattr(output, "error", None) is not None:
            return id, failed(prompt, f"vLLM ended the request: {output.error}", seconds=seconds)
        scores = probabilities(output.outputs.data.float())
        usage = Usage(prompt, output.num_cached_tokens or 0, 0)
        return id, Completion("", "stop", usage, seconds=seconds, scores=scores, latency=latency)
