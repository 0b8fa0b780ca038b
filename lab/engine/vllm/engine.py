"""The engine of kind "vllm": `LLMEngine.add_request` and `step` in this process.

Prompts are token ids from the ChatRenderer, never text. A first-in first-out queue keeps at most
`max_num_seqs` requests inside vLLM, so that all of them are running and the time of a step can be divided
evenly among them. A bad request becomes a failed completion. Only a crash of vLLM raises an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from time import perf_counter
from typing import Any, Protocol

from lab.core.ledger import TimeShare
from lab.core.protocols import Engine, Weights
from lab.core.types import Completion, FinishReason, Request, Usage
from lab.engine.base import LoadingSettings
from lab.engine.certainty import Pairs, wanted
from lab.engine.chat import ChatRenderer, load_tokenizer
from lab.engine.precision import VLLM, versions_of
from lab.engine.replies import cut, failed
from lab.engine.vllm.library import start, stop
from lab.engine.vllm.tuning import Tuning
from lab.errors import EngineError
from lab.system.files import digest_of

QUEUE = 4
"""The engine accepts this many times `max_num_seqs` requests, so that vLLM never waits for the scheduler."""

PROCESSOR = "lab.engine.vllm.certainty:Certainty"
"""Referred to by name, so that vLLM is imported only after its environment is set."""

GUIDED = {"backend": "xgrammar", "disable_any_whitespace": True}
"""Guided decoding without optional white space, with which a small model would fill its token limit."""

NUMBERS = count()
"""Numbers that identify the engines of this process and their requests."""

FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


@dataclass(slots=True)
class _Running:
    """A request inside vLLM. `choices` maps allowed strings to tokens, `stop` has its own stop strings
    (without those of the prompt format), `since` is the time share when it entered.
    """

    id: int
    prompt_tokens: int
    choices: dict[str, int]
    stop: tuple[str, ...]
    since: float
    watched: str
    """The key under which its certainty is stored; "" if it was not requested."""
    scored_from: int
    """Where the prefix begins in the prompt, if it is scored; else the prompt's length."""
    entered: float
    """When it entered, by the process's clock."""


class VllmSettings(LoadingSettings, Protocol):
    """What the engine needs of its config besides its tuning."""

    @property
    def max_num_seqs(self) -> int: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...


class VllmEngine(Engine):
    """The engine; made by `VllmConfig.open`."""

    def __init__(self, config: VllmSettings, weights: Weights, tuning: Tuning) -> None:
        self.tuning = tuning
        arguments = {
            "model": str(weights.path),
            "dtype": config.dtype,
            "trust_remote_code": config.trust_remote_code,
            "structured_outputs_config": GUIDED,
            **tuning.arguments,
            **config.extra,
        }
        self._engine: Any = start(watched(arguments), tuning, weights.name)
        tokenizer = load_tokenizer(weights.path, trust_remote_code=config.trust_remote_code)
        self._renderer = ChatRenderer(tokenizer)
        self.former_identity = identity_of(config, weights, tuning) + self._renderer.identity
        self.identity = self.former_identity + versions_of(*VLLM)
        self.capacity = QUEUE * config.max_num_seqs
        self.seconds = 0.0
        """Wall time spent in `poll` while vLLM has requests: the sum of all completions' `seconds`."""
        self._slots = config.max_num_seqs
        self._queue: deque[tuple[int, Request, tuple[int, ...]]] = deque()
        self._inside: dict[str, _Running] = {}
        self._share = TimeShare()
        self._name = f"engine{next(NUMBERS)}"

    def render(self, request: Request) -> tuple[int, ...]:
        """Prompt token ids by the model's chat template."""
        return self._renderer.render(request)

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Queues a request; it enters vLLM when a place is free."""
        self._queue.append((id, request, prompt))

    def poll(self) -> list[tuple[int, Completion]]:
        """Fills vLLM, runs one step, and returns what finished. Raises EngineError if vLLM crashed."""
        started = perf_counter()
        done = self._feed()
        if not self._inside:
            return done
        outputs = self._step()
        finished = [(self._inside.pop(o.request_id), o) for o in outputs if o.finished]
        elapsed = perf_counter() - started
        self.seconds += elapsed
        self._share.add(elapsed, len(self._inside) + len(finished))
        done += [(running.id, self._completion(running, output)) for running, output in finished]
        return done

    def close(self) -> None:
        """Shuts vLLM down and frees its memory."""
        self._queue.clear()
        for running in self._inside.values():
            _certainty(running.watched, 0)
        self._inside.clear()
        if self._engine is not None:
            engine, self._engine = self._engine, None
            stop(engine)

    def _feed(self) -> list[tuple[int, Completion]]:
        """Moves requests into vLLM while there is room. Requests that vLLM refuses become failed
        completions.
        """
        from vllm.exceptions import VLLMClientError

        refused = []
        while self._queue and len(self._inside) < self._slots:
            id, request, prompt = self._queue.popleft()
            try:
                self._add(id, request, prompt)
            except (ValueError, TypeError, VLLMClientError) as error:
                refused.append((id, failed(len(prompt), f"vLLM rejected the request: {error}")))
        return refused

    def _add(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        limit = self.tuning.max_model_len
        if len(prompt) >= limit:
            raise ValueError(
                f"the prompt has {len(prompt)} tokens, so max_model_len {limit} leaves no room for an answer"
            )
        allowed = request.sampling.allowed_tokens
        choices = self._renderer.first_tokens(allowed) if allowed else {}
        scored = request.sampling.score_prefix
        start = self._renderer.prefix_start(request, prompt) if scored else len(prompt)
        params = sampling_params(request, choices, self._renderer.stop(request))
        from lab.engine.vllm import certainty as vllm_certainty

        key, name = str(id), ""
        if wanted(request.sampling):
            name = f"{self._name}/{key}"
            params.extra_args = {vllm_certainty.KEY: name, vllm_certainty.PROMPT: len(prompt)}
        self._engine.add_request(key, {"type": "token", "prompt_token_ids": list(prompt)}, params)
        if name:
            vllm_certainty.begin(name)
        own = request.sampling.stop
        now = perf_counter()
        self._inside[key] = _Running(id, len(prompt), choices, own, self._share.total, name, start, now)

    def _step(self) -> list[Any]:
        try:
            outputs: list[Any] = self._engine.step()
        except Exception as error:
            raise EngineError(
                f"vLLM stopped while generating: {type(error).__name__}: {error}. Everything finished "
                "so far is kept; run the same command again to continue. If it happens again, lower "
                "engine.max_num_seqs or engine.max_model_len."
            ) from error
        return outputs

    def _completion(self, running: _Running, output: Any) -> Completion:
        """Converts vLLM's RequestOutput into a Completion."""
        best = output.outputs[0]
        ids = tuple(best.token_ids)
        confidence, certainty = _certainty(running.watched, len(ids))
        seconds = self._share.total - running.since
        reason = FINISH.get(best.finish_reason)
        if reason is None:
            message = f"vLLM ended the request: {best.finish_reason} {best.stop_reason or ''}".rstrip()
            return failed(running.prompt_tokens, message, completion_tokens=len(ids), seconds=seconds)
        usage = Usage(running.prompt_tokens, output.num_cached_tokens or 0, len(ids))
        logprobs, choices = _logprobs(best.logprobs, running.choices)
        text, stopped = _ended(best, running.stop)
        found = Completion(
            text, reason, usage, logprobs, ids, choices, seconds, "", stopped, confidence, certainty
        )
        likely = _scored(output.prompt_logprobs, running.scored_from)
        return replace(found, prefix_logprobs=likely, latency=perf_counter() - running.entered)


def _ended(best: Any, stop: tuple[str, ...]) -> tuple[str, str]:
    """(text, the request's own stop string that ended it or "").

    vLLM cuts at the first string of its list that it finds, which is not always the earliest in the text.
    """
    text, earlier = cut(best.text, stop)
    return text, earlier or (best.stop_reason if best.stop_reason in stop else "")


def _logprobs(flat: Any, choices: dict[str, int]) -> tuple[tuple[float, ...], dict[str, float]]:
    """From vLLM's FlatLogprobs (the sampled token is first at each position): the log-probabilities of the
    sampled tokens, and those of the chosen strings at the first position.
    """
    if not flat:
        return (), {}
    sampled = tuple(flat.logprobs[start] for start in flat.start_indices)
    first = slice(flat.start_indices[0], flat.end_indices[0])
    at = dict(zip(flat.token_ids[first], flat.logprobs[first], strict=True))
    return sampled, {string: at[token] for string, token in choices.items()}


def _scored(flat: Any, start: int) -> tuple[float, ...]:
    """From vLLM's FlatLogprobs of a prompt (at each position its own token is first; there is none at the
    very first position): the tokens from `start` on; () if they were not requested.
    """
    return tuple(flat.logprobs[at] for at in flat.start_indices[start:]) if flat else ()


def _certainty(key: str, tokens: int) -> Pairs:
    if not key:
        return (), ()
    from lab.engine.vllm.certainty import collect

    return collect(key, tokens)


def watched(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The EngineArgs with the processor that measures certainty; unchanged if vLLM does not allow a
    processor.
    """
    if arguments.get("speculative_config"):
        return arguments
    own = list(arguments.get("logits_processors") or [])
    return {**arguments, "logits_processors": [*own, PROCESSOR]}


def sampling_params(request: Request, choices: dict[str, int], stop: tuple[str, ...]) -> Any:
    """vLLM's SamplingParams. Log-probabilities are of the raw distribution, before temperature and masks."""
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

    s = request.sampling
    guided = StructuredOutputsParams(json=s.json_schema) if s.json_schema else None
    tokens = list(choices.values()) or None
    return SamplingParams(
        temperature=s.temperature,
        top_p=s.top_p,
        max_tokens=s.max_tokens,
        stop=[*s.stop, *stop],
        seed=s.seed if s.temperature > 0 else None,
        logprobs=len(tokens) if tokens else 0 if s.logprobs else None,
        prompt_logprobs=0 if s.score_prefix else None,
        flat_logprobs=True,
        allowed_token_ids=tokens,
        logprob_token_ids=tokens,
        structured_outputs=guided,
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_clone=True,
    )


def identity_of(config: VllmSettings, weights: Weights, tuning: Tuning) -> str:
    """Everything besides the request that determines a completion; not thread counts or cache sizes."""
    kind = "vllm" if tuning.device == "cuda" else "vllm-cpu-norms"  # other kernels, other rounding
    parts = [weights.digest, config.dtype, kind, f"len{tuning.max_model_len}"]
    return ":".join(parts + ([digest_of(config.extra)] if config.extra else []))
