"""What a filter is.

A filter is a component whose `open` gives a `Screen`: a function that takes the drafts of one problem that
are still alive and says, for each, why it goes ("" keeps it). Screens may hold state from problem to
problem; problems come in a fixed order whatever order the engine finishes in. The pipeline does the
counting, so a filter cannot get its row of yield wrong.

For people who add one: say in `local` whether the state carries over (then the outcome for a problem depends
on the problems before it and memory grows with the corpus); import heavy libraries inside `open`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from data_gen.drafts import Draft
from data_gen.similarity.overlap import TestQuestion
from lab.core.component import Component

Screen = Callable[[Sequence[Draft]], list[str]]
"""Drafts of one problem -> for each the reason it is dropped, "" where it is kept."""


@dataclass(frozen=True)
class Context:
    """What a filter may know besides the drafts: the questions of the evaluation tasks."""

    tests: Sequence[TestQuestion] = field(default=())


class FilterComponent(Component):
    """Base of the filters."""

    # Each has the field; were it one of this class, it would move to the front of all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes and in the yield table."""

    @property
    def local(self) -> bool:
        """True if a problem's outcome does not depend on the problems before it (memory then stays flat)."""
        raise NotImplementedError

    @property
    def most_per_problem(self) -> int | None:
        """Most examples of one problem that it can keep; None without such a limit."""
        return None

    def open(self, context: Context) -> Screen:
        """A fresh screen for one stage."""
        raise NotImplementedError


@runtime_checkable
class Hides(Protocol):
    """What a filter offers whose finds must stay hidden: the audit asks it before showing a text."""

    def hide(self, text: str, beside: Sequence[str] = ()) -> str:
        """The text with a label for what is found in it; also for what is found in the texts `beside` it,
        the others of the same example, and again here."""
        ...


@runtime_checkable
class Mends(Protocol):
    """What a filter offers that can change a draft; the pipeline calls it before the screen and counts."""

    def mend(self, draft: Draft) -> Draft:
        """The changed draft, or the very same object when there is nothing to change."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A screen that also has something to report: what it found goes into its row of yield."""

    def found(self) -> Mapping[str, Any]:
        """JSON-able values."""
        ...


@runtime_checkable
class Surveys(Protocol):
    """A screen that judges by all that was made from a source, also by what filters before it threw away."""

    def survey(self, drawn: Sequence[Draft]) -> None:
        """All drafts of the source whose drafts come next; called before any filter has looked at them."""
        ...


def mended(filter: object, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts as this filter leaves them before it judges."""
    return [filter.mend(draft) for draft in drafts] if isinstance(filter, Mends) else list(drafts)


def each(judge: Callable[[Draft], str]) -> Screen:
    """A screen that judges every draft by itself."""
    return lambda drafts: [judge(draft) for draft in drafts]
