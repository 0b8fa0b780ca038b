"""The nouns of the lab.

A `Problem` has the gold answer and is seen by data and checkers only. A `Question` is what a
strategy or scorer gets: no gold, so that leaking it is a type error. A strategy turns a question
into `Request`s; an engine turns each into a `Completion` that carries its own `Usage`.
Everything here is immutable and holds plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any, Literal, TypedDict, TypeVar

Role = Literal["policy", "verifier", "reward"]
FinishReason = Literal["stop", "length", "error", "budget"]
"""How a completion ended: by itself or at a stop string, at `max_tokens`, with a failure, or not at all
because the plan's budget did not allow it (no tokens, no ledger row)."""


class Message(TypedDict):
    """One chat turn: `role` is system, user or assistant."""

    role: str
    content: str


Messages = tuple[Message, ...]


def last_user_turn(messages: Messages) -> str:
    """The question without system prompt and worked examples; "" where no turn is the user's."""
    return next((turn["content"] for turn in reversed(messages) if turn["role"] == "user"), "")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one completion is drawn.

    `temperature` 0 is greedy (the seed is then ignored). `seed` None: the scheduler derives it from
    (run seed, problem id, role, `Request.index`). `logprobs` asks for the log-probability of every
    generated token. `allowed_tokens`, if given, are strings whose first token is looked up: only
    those tokens may be generated, and `Completion.choices` has the log-probability of each at the
    first position, normalised over the whole vocabulary. `certainty` asks for `Completion.confidence`
    and `Completion.certainty`, two numbers a token about the whole distribution it was drawn from.
    `json_schema` is the canonical JSON text of a JSON schema that the completion must match.
    `score_prefix` asks for `Completion.prefix_logprobs`: how likely the text is that the turn already holds.
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
    """One completion to draw.

    `prefix` is text the assistant turn already holds (the model continues it). `index` is the
    sample's number within its problem and role: equal (problem, role, index, messages, sampling)
    is the same sample, in every strategy and every run. `tag` says what the request is for, in the
    ledger ("sample", "verify", ...). When a `required` completion fails, the plan that asked for it
    gets a CompletionError; otherwise the failed completion itself (finish_reason "error"). `model`
    names one of the stage's further `models`; "" is the stage's own. `speaker` is whose turn the model
    writes: with "user" the prompt is the chat template up to where a user turn's text begins (Magpie).
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

    `reasoning_tokens` are the part of `completion_tokens` that is thought, not said.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for one request.

    `token_ids` are the generated tokens (empty if the engine cannot tell), `logprobs` their
    log-probabilities (empty unless asked for), `choices` maps each of `Sampling.allowed_tokens` to
    its log-probability. `seconds` is the engine time this completion is answerable for: the wall
    time of each engine step divided by the completions in it, summed over its steps; the sum over
    all completions is the engine's busy time. `latency` is the wall time from when the engine took the
    request up until it was done, beside whatever else ran then; 0 where that is not known. `finish_reason`
    "error" carries the reason in `error`.
    `prefix_logprobs` are the log-probabilities of the prefix's tokens, each given all before it (empty unless
    asked for): the tokens of the prompt that it does not share with the prompt without the prefix.
    `reasoning` is what the model thought before it answered, where the engine tells it apart: `text` is the
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
        """`latency` where it is known or nothing was waited for, else NaN."""
        return self.latency if self.latency or not self.drawn else nan

    @property
    def drawn(self) -> bool:
        """Whether there is a text at all: it neither failed nor went over the budget."""
        return self.finish_reason in ("stop", "length")

    @property
    def cut(self) -> bool:
        """Whether it ended at `max_tokens`: then only an explicit marker tells what it was going to say."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most one plan may spend; None is no limit. Enforced by the scheduler, for every strategy alike.

    `samples`: completions of role "policy", from any model. `tokens`: tokens generated, in all roles.
    `flops`: FLOPs in all roles at the *shared* cache level, each model at its own size. A request is
    admitted only if it fits with its full `max_tokens`; what is not admitted comes back with
    finish_reason "budget". The first request of a plan is shortened to fit instead of refused.
    """

    samples: int | None = None
    tokens: int | None = None
    flops: float | None = None


R = TypeVar("R")
Plan = Generator[list[Request], list[Completion], R]
"""A resumable computation: yields requests, is sent their completions in the same order, returns R."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a strategy or scorer may see of a problem.

    `canonical` maps a completion's text to its canonical answer (None: nothing could be parsed) and
    knows nothing of the gold. `sampling` is the stage's default. `oracle` is None, except for a
    strategy that declares itself a ceiling: there it is the correctness (0 or 1) of a text. `options` are
    the answers to choose from, where the question has any, and `option_labels` what an answer names each by
    (letters; empty: its own text); which is right they do not say. `canonical_cut` is `canonical` for a
    text that ended at `max_tokens` (None: the same): only an explicit marker tells its answer. `seed` is the
    run's: with `id` it makes the lots that a strategy draws by itself.
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
        """A completion's canonical answer; None: unparsed, cut before an answer, or not drawn."""
        if not completion.drawn:
            return None
        reads = self.canonical_cut if completion.cut and self.canonical_cut else self.canonical
        return reads(completion.text)


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its gold answer; `meta` has family, template, difficulty, split where known."""

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
    """A checker's word on one text: `correct` None means unscored, which is not wrong.

    `value` is the canonical answer read from the text (None: unparsed); `reason` is for a person;
    `abstained`: the text says that it has no answer to give.
    """

    correct: bool | None
    value: str | None
    reason: str = ""
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One drawn answer as strategies, scorers and reports hold it; `score` is set by a scorer."""

    completion: Completion
    value: str | None
    score: float | None = None

    @property
    def text(self) -> str:
        return self.completion.text


@dataclass(frozen=True, slots=True)
class Answer:
    """A strategy's final word. `value` is canonical (None: unparsed), `confidence` in [0, 1] or None.

    `candidates` is the pool it chose from, in sample order; `trace` is anything else worth showing.
    """

    text: str
    value: str | None
    confidence: float | None = None
    abstained: bool = False
    candidates: tuple[Candidate, ...] = ()
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One training example: `prompt` turns and the assistant's `completion`, with where it came from.

    A preference pair also has the worse completion, `rejected`; a labelled example says in `label` whether it
    is a good one; one with step labels has its `steps` (which joined are the completion) and a number in
    [0, 1] for each. `verdict` is the method's own word on whether it is right; without one the task's checker
    judges the completion. `problem` is what it is about, when that is not what it was made from (a new
    question); a gold of None there means that nobody knows the answer. `meta` is plain JSON data.
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
