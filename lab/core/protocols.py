"""The interfaces between the parts of the lab: protocols with one method each (an engine has a few more)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lab.core.types import (
    Answer,
    Candidate,
    Completion,
    Plan,
    Problem,
    Question,
    Request,
    Verdict,
)


class Strategy(Protocol):
    def solve(self, question: Question) -> Plan[Answer]:
        """Answers one question with inference-time compute."""
        ...


class Scorer(Protocol):
    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """One score per candidate; higher is better. Never sees the gold."""
        ...


class Checker(Protocol):
    def check(self, problem: Problem, text: str) -> Verdict:
        """Whether this text is right. The only place that reads the gold."""
        ...

    def canonical(self, text: str) -> str | None:
        """The canonical answer in a text, without the gold; None if nothing can be parsed."""
        ...

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, but may also read the question (never the gold). The default ignores the
        question.
        """
        return self.canonical(text)

    def points_at_answer(self, text: str) -> bool:
        """Whether the answer in the text has an explicit marker; by default unknown.

        If not, a text that was cut off at its token limit has no answer (lab/tasks/checkers/verdicts.py).
        """
        return False


Split = Literal["train", "dev", "test"]
"""`dev` is for choosing thresholds, weights and methods; it is neither trained on nor reported on."""


class TaskLike(Protocol):
    """What stages need from a task (lab/tasks/base.py has the fields)."""

    @property
    def kind(self) -> str:
        """Its name in recipes."""
        ...

    @property
    def label(self) -> str:
        """The unique display name."""
        ...

    @property
    def limit(self) -> int | None:
        """Maximum number of problems per split; None for all."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Overrides the stage's `sampling.max_tokens`."""
        ...

    @property
    def checker(self) -> Checker:
        """Decides whether an answer is right."""
        ...

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        """The problems of a split. Splits are disjoint. Raises InputError if there is no dev split."""
        ...

    def terms(self) -> str:
        """The licence of the questions; "" if unknown."""
        return ""

    def skipped(self) -> dict[str, str]:
        """File -> why it was skipped."""
        return {}


@dataclass(frozen=True, slots=True)
class Weights:
    """A model on disk. `path` has config.json, tokenizer and safetensors; `digest` is their SHA-256.

    For a model behind a server there may be only config and tokenizer, or nothing: then `path` does not
    exist, and `digest` says that there is none.
    """

    name: str
    path: Path
    digest: str


class Engine(Protocol):
    """Generates completions. Not thread-safe; used only by the scheduler. Base class of all engines."""

    identity: str
    """Everything besides the request that determines a completion (weights, dtype, kind, version): part of
    the bank key.
    """
    former_identity: str = ""
    """The identity in banks from before identities had versions; "" if it is the same."""
    capacity: int
    """The number of requests that it can usefully process at once."""

    @property
    def notes(self) -> Sequence[str]:
        """Notes for readers of its numbers, as sentences."""
        return ()

    def render(self, request: Request) -> tuple[int, ...]:
        """The prompt's token ids: chat template, generation prompt and prefix applied."""
        ...

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Accepts a request whose `sampling.seed` is set. `prompt` is the result of `render` for it."""
        ...

    def poll(self) -> list[tuple[int, Completion]]:
        """Works for a short time and returns finished completions, in any order; it may return [] while work
        is pending.
        """
        ...

    def close(self) -> None:
        """Frees memory and ends processes. It can be called more than once."""
        ...
