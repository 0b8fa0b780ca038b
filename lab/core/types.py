"""The basic types of the lab.

A `Problem` has the gold answer and is used by data code and checkers only. A `Question` is what a strategy or
scorer gets: it has no gold, so using the gold there is a type error. A strategy turns a question into
`Request`s; an engine turns each into a `Completion` with its own `Usage`. All types are immutable and contain
plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any, Literal, TypedDict, TypeVar

Role = Literal["policy", "verifier", "reward"]
FinishReason = Literal["stop", "length", "error", "budget"]
"""How a completion ended: at its end or a stop string, at `max_tokens`, with an error, or not generated
because the plan's budget did not allow it (no tokens, no ledger row).
"""


class Message(TypedDict):
    """One chat turn: `role` is system, user or assistant."""

    role: str
    content: str


Messages = tuple[Message, ...]


def last_user_turn(messages: Messages) -> str:
    """The question without system prompt and worked examples: the last user turn; "" if there is none."""
    return next((turn["content"] for turn in reversed(messages) if turn["role"] == "user"), "")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one completion is sampled.

    `temperature` 0 is greedy (the seed is then ignored). `seed` None: the scheduler derives it from (run
    seed, problem id, role, `Request.index`). `logprobs` requests the log-probability of every generated
    token. `allowed_tokens` are strings of which the first token is used: only those tokens may be generated,
    and `Completion.choices` has the log-probability of each at the first position, normalised over the
    complete vocabulary. `certainty` requests `Completion.confidence` and `Completion.certainty`, two numbers
    per token about the distribution it was sampled from. `json_schema` is the canonical JSON text of a JSON
    schema that the completion must match. `score_prefix` requests `Completion.prefix_logprobs`: the
    log-probabilities of the text that the assistant turn already has.
    """

    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    allowed_tokens: tuple[str, ...] = ()
    certainty: bool = False
    json_schema: str = ""
    score_prefix: bool = False

    def but(self, **changes: Any) -> Sampling:
        """A copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one completion.

    `prefix` is text that the assistant turn already has; the model continues it. `index` is the sample's
    number within its problem and role: equal (problem, role, index, messages, sampling) means the same
    sample, in every strategy and every run. `tag` is the purpose of the request in the ledger ("sample",
    "verify", ...). If a `required` completion fails, its plan gets a CompletionError; otherwise it gets the
    failed completion (finish_reason "error"). `model` names one of the stage's further `models`; "" is the
    stage's own. `speaker` is the role whose turn the model writes: with "user" the prompt is the chat
    template up to the start of a user turn's text (Magpie).
    """

    messages: Messages
    sampling: Sampling = Sampling()
    role: Role = "policy"
    prefix: str = ""
    tag: str = ""
    index: int = 0
    required: bool = True
    model: str = ""
    speaker: Literal["assistant", "user"] = "assistant"


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one completion as the engine reports them; `cached_tokens` <= `prompt_tokens`.

    `reasoning_tokens` are the part of `completion_tokens` that belongs to the reasoning.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """The reply to one request.

    `token_ids` are the generated tokens (empty if the engine does not provide them), `logprobs` their
    log-probabilities (empty unless requested). `choices` maps each of `Sampling.allowed_tokens` to its
    log-probability. `seconds` is this completion's share of the engine time: the wall time of each engine
    step divided by the completions in it, summed over its steps. The sum over all completions is the engine's
    busy time. `latency` is the wall time from the start of the request in the engine to its end, concurrently
    with others; 0 if unknown. If `finish_reason` is "error", `error` has the reason. `prefix_logprobs` are
    the log-probabilities of the prefix's tokens, each conditioned on all tokens before it (empty unless
    requested): the tokens of the prompt that it does not share with the prompt without the prefix.
    `reasoning` is the model's reasoning before the answer, if the engine separates it: `text` is then the
    answer alone.
    """

    text: str
    finish_reason: FinishReason
    usage: Usage
    logprobs: tuple[float, ...] = ()
    token_ids: tuple[int, ...] = ()
    choices: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    stopped: str = ""
    confidence: tuple[float, ...] = ()
    certainty: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    prefix_logprobs: tuple[float, ...] = ()
    reasoning: str = ""
    latency: float = 0.0

    @property
    def waited(self) -> float:
        """`latency` if it is known or there was nothing to wait for, else NaN."""
        return self.latency if self.latency or not self.drawn else nan

    @property
    def drawn(self) -> bool:
        """Whether there is a text: the request neither failed nor exceeded the budget."""
        return self.finish_reason in ("stop", "length")

    @property
    def cut(self) -> bool:
        """Whether it ended at `max_tokens`: then only an explicit marker shows the answer."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Budget:
    """The maximum cost of one plan; None means no limit. Enforced by the scheduler for every strategy alike.

    `samples`: completions of role "policy", from any model. `tokens`: generated tokens, in all roles.
    `flops`: FLOPs in all roles at the *shared* cache level, each model at its own size. A request is admitted
    only if it fits with its full `max_tokens`; otherwise it is returned with finish_reason "budget". The
    first request of a plan is shortened to fit instead of refused.
    """

    samples: int | None = None
    tokens: int | None = None
    flops: float | None = None


R = TypeVar("R")
Plan = Generator[list[Request], list[Completion], R]
"""A resumable computation: yields requests, is sent their completions in the same order, returns R."""


@dataclass(frozen=True, slots=True)
class Question:
    """The part of a problem that a strategy or scorer may see.

    `canonical` maps a completion's text to its canonical answer (None: nothing could be parsed) without
    access to the gold. `sampling` is the stage's default. `oracle` is None, except for a strategy that
    declares itself a ceiling: there it is the correctness (0 or 1) of a text. `options` are the answers to
    choose from, if the question has any, and `option_labels` their labels (letters; empty: the options' own
    texts); neither shows which one is right. `canonical_cut` is `canonical` for a text that ended at
    `max_tokens` (None: the same): only an explicit marker shows its answer. `seed` is the run's seed;
    together with `id` it seeds a strategy's own random choices.
    """

    id: str
    messages: Messages
    sampling: Sampling = Sampling()
    canonical: Callable[[str], str | None] = str.strip
    oracle: Callable[[str], float] | None = None
    options: tuple[str, ...] = ()
    option_labels: tuple[str, ...] = ()
    canonical_cut: Callable[[str], str | None] | None = None
    seed: int = 0

    def read(self, completion: Completion) -> str | None:
        """A completion's canonical answer; None if it is unparsed, cut off before an answer, or not
        generated.
        """
        if not completion.drawn:
            return None
        reads = self.canonical_cut if completion.cut and self.canonical_cut else self.canonical
        return reads(completion.text)


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its gold answer. `meta` has family, template, difficulty and split, if known."""

    id: str
    messages: Messages
    gold: Any
    meta: Mapping[str, Any] = field(default_factory=dict)

    def question(self, sampling: Sampling, canonical: Callable[[str], str | None]) -> Question:
        """The part of the problem a strategy may see."""
        options, labels = (tuple(self.meta.get(name, ())) for name in ("options", "option_labels"))
        return Question(self.id, self.messages, sampling, canonical, options=options, option_labels=labels)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a checker for one text. `correct` None means unscored, which is not wrong.

    `value` is the canonical answer in the text (None: unparsed); `reason` is an explanation for people;
    `abstained`: the text says that it has no answer to give.
    """

    correct: bool | None
    value: str | None
    reason: str = ""
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampled answer as strategies, scorers and reports use it; `score` is set by a scorer."""

    completion: Completion
    value: str | None
    score: float | None = None

    @property
    def text(self) -> str:
        return self.completion.text


@dataclass(frozen=True, slots=True)
class Answer:
    """The final answer of a strategy. `value` is canonical (None: unparsed), `confidence` in [0, 1] or None.

    `candidates` is the pool from which it was chosen, in sample order; `trace` has further details for
    reports.
    """

    text: str
    value: str | None
    confidence: float | None = None
    abstained: bool = False
    candidates: tuple[Candidate, ...] = ()
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: `prompt` turns and the assistant's `completion`, with its origin.

    A preference pair also has the worse completion, `rejected`. A labelled example has `label`, whether it is
    good. An example with step labels has its `steps` (joined, they are the completion) and a number in [0, 1]
    for each. `verdict` is the method's own verdict; without one the task's checker judges the completion.
    `problem` is the example's problem if it differs from the problem it was made from (a new question); a
    gold of None there means that the answer is not known. `meta` is plain JSON data.
    """

    problem_id: str
    prompt: Messages
    completion: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    rejected: str | None = None
    label: bool | None = None
    steps: tuple[str, ...] = ()
    step_labels: tuple[float, ...] = ()
    verdict: Verdict | None = None
    problem: Problem | None = None
