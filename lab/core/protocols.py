"""What a part must offer to be used by the lab: protocols of one method each (an engine has a few more)."""

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
        """Answer one question with inference-time compute."""
        ...


class Scorer(Protocol):
    def score(self, question: Question, candidates: Sequence[Candidate]) -> Plan[list[float]]:
        """One score per candidate, higher is better; never sees the gold."""
        ...


class Checker(Protocol):
    def check(self, problem: Problem, text: str) -> Verdict:
        """Is this text right? The only place that reads the gold."""
        ...

    def canonical(self, text: str) -> str | None:
        """The canonical answer in a text, without the gold; None if nothing can be parsed."""
        ...

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The same where the question may be read (never the gold); by default without it."""
        return self.canonical(text)

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; by default nobody can tell.

        Where it says no, a text that was cut off at its limit of tokens has no answer
        (lab/tasks/checkers/verdicts.py).
        """
        return False


Split = Literal["train", "dev", "test"]
"""`dev` is for choosing thresholds, weights and methods: never trained on, never reported on."""


class TaskLike(Protocol):
    """What stages need of a task (lab/tasks/base.py has the fields)."""

    @property
    def kind(self) -> str:
        """Its name in recipes."""
        ...

    @property
    def label(self) -> str:
        """Unique display name."""
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
        """Decides what is right."""
        ...

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        """The problems of a split; no two splits share one. Raises InputError where there is no dev split."""
        ...

    def terms(self) -> str:
        """Licence of what it asks; "" where that is not known."""
        return ""

    def skipped(self) -> dict[str, str]:
        """File -> why it is left out."""
        return {}


@dataclass(frozen=True, slots=True)
class Weights:
    """A model on disk: `path` holds config.json, tokenizer and safetensors; `digest` is their sha256.

    Of a model behind a server there may be config and tokenizer alone, or nothing: then `path` does not
    exist, and `digest` says that there is none.
    """

    name: str
    path: Path
    digest: str


class Engine(Protocol):
    """Draws completions. Not thread-safe; one owner, the scheduler. Engines inherit from it.

    Life: `submit` any number, then `poll` until everything came back, then `close`.
    """

    identity: str
    """What decides a completion besides its request (weights, dtype, kind, version): part of the bank key."""
    former_identity: str = ""
    """What banks from before versions were kept call it; "": the same."""
    capacity: int
    """How many requests it can usefully hold at once."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of its numbers should know, in sentences."""
        return ()

    def render(self, request: Request) -> tuple[int, ...]:
        """The prompt's token ids: chat template, generation prompt and prefix applied."""
        ...

    def submit(self, id: int, request: Request, prompt: tuple[int, ...]) -> None:
        """Take a request whose `sampling.seed` is set; `prompt` is what `render` gave for it."""
        ...

    def poll(self) -> list[tuple[int, Completion]]:
        """Work a little and hand back what finished, in any order; [] is allowed while work is pending.

        Raises EngineError when the engine itself died.
        """
        ...

    def close(self) -> None:
        """Give memory and processes back; safe to call twice."""
        ...
