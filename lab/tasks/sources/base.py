"""The base of sources: tasks without gold answers, for data methods that make their own questions.

A source has a train split only and no gold: documents, seed instructions, or only a count. It is used in
generate stages; an evaluate stage refuses it. Problems are streamed, so that a million of them are never in
memory together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import Field

from lab.core.protocols import Checker, Split
from lab.core.seeds import derive_seed
from lab.core.types import Message, Problem, Verdict
from lab.errors import InputError
from lab.tasks.base import TaskBase
from lab.tasks.prompting import chosen_by_hash


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One entry: its unique `key`, the `text` of the user turn (None: no user turn), and `meta`."""

    key: str
    text: str | None
    meta: Mapping[str, Any] = field(default_factory=dict)
    unit: ClassVar[str] = ""


class NoGold(Checker):
    """The checker of a source. All verdicts are unscored."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Unscored."""
        return Verdict(None, self.canonical(text), "this task has no right answers")

    def canonical(self, text: str) -> str | None:
        """The whole text in lower case, with single spaces; None if it is empty."""
        return " ".join(text.casefold().split()) or None


class SourceTask(TaskBase):
    """Base class of the sources of training data. Subclasses define `kind`, `gives` and `entries`."""

    name: str = Field(default="", pattern=r"^[^/\s]*$")
    """Name of the source, unique within a stage; empty uses its kind."""
    limit: int | None = Field(default=None, ge=1)
    """Maximum number of items, chosen by `seed`; a smaller limit is a subset of a larger one. Null uses all.
    """
    seed: int = 0
    """Seed that chooses the items for `limit`."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Maximum length of a completion in tokens; empty uses the stage's `sampling.max_tokens`."""

    @abstractmethod
    def entries(self) -> Iterable[SourceEntry]:
        """All entries, in a stable order. Raises InputError."""

    @property
    def checker(self) -> Checker:
        """A checker that leaves everything unscored."""
        return NoGold()

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        """The problems of `stream` as a list."""
        return list(self.stream(split, seed=seed))

    def stream(self, split: Split, *, seed: int = 0) -> Iterator[Problem]:
        """Yields the problems one by one, without a gold. Raises InputError for any split but train."""
        if split != "train":
            raise InputError(
                f"'{self.label}' is a source of training data, not an evaluation task: it has "
                f"no {split} split"
            )
        return map(self._problem, self._chosen(seed))

    def _chosen(self, seed: int) -> Iterable[SourceEntry]:
        if self.limit is None:
            return self.entries()
        salt = self.seed if seed == 0 else derive_seed("train", self.seed, seed)
        entries: Sequence[SourceEntry] = list(self.entries())
        return chosen_by_hash(entries, self.limit, str(salt))

    def _problem(self, entry: SourceEntry) -> Problem:
        system = (Message(role="system", content=self.system),) if self.system else ()
        user = () if entry.text is None else (Message(role="user", content=entry.text),)
        meta = {"family": self.label, **entry.meta, "split": "train", "task": self.label}
        return Problem(f"{self.label}/train/{entry.key}", (*system, *user), None, meta)
