"""The base of filters.

A filter is a component whose `open` returns a `Screen`: a function that takes the remaining drafts of one
problem and returns, for each, the reason to drop it ("" keeps it). Screens may have state from problem to
problem; problems come in a fixed order, independent of the order in which the engine finishes. The pipeline
counts, so a filter cannot miscount its yield.

To add one: set `local` to False if the state carries over (then the outcome for a problem depends on the
problems before it, and memory grows with the corpus), and import large libraries inside `open`.

A stage may be done in parts, each by another process (`lab.core.scheduling.split`). The local filters up to
the first that is not local then run in the parts, and the others in one process over what these keep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from data_gen.drafts import Draft
from data_gen.similarity.overlap import TestQuestion
from lab.core.component import Component

Screen = Callable[[Sequence[Draft]], list[str]]
"""The drafts of one problem -> for each the reason to drop it, "" to keep it."""


@dataclass(frozen=True)
class Context:
    """What a filter may know besides the drafts: the questions of the evaluation tasks.

    `part`: the screens are for a part of the stage, and those with results to report must have a `state`.
    """

    tests: Sequence[TestQuestion] = field(default=())
    part: bool = False


class FilterComponent(Component):
    """Base of the filters."""

    # A field in every filter; if it were a field of this class, it would come first in all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes and in the yield table."""

    @property
    def local(self) -> bool:
        """True if a problem's outcome does not depend on the problems before it (memory then stays flat)."""
        raise NotImplementedError

    compares_meanings: ClassVar[bool] = False
    """Whether it loads an embedding model of its own."""
    surveys: ClassVar[bool] = False
    """Whether its screen is one of `Surveys`."""

    @property
    def most_per_problem(self) -> int | None:
        """The maximum number of examples of one problem that it can keep; None without such a limit."""
        return None

    def open(self, context: Context) -> Screen:
        """A new screen for one stage."""
        raise NotImplementedError


@runtime_checkable
class Hides(Protocol):
    """The interface of a filter whose matches must stay hidden: the audit calls it before showing a text."""

    def hide(self, text: str, beside: Sequence[str] = ()) -> str:
        """The text with a label for each match in it, and for each match in the texts `beside` it (the others
        of the same example) that occurs in it again.
        """
        ...


@runtime_checkable
class Mends(Protocol):
    """The interface of a filter that can change a draft; the pipeline calls it before the screen and counts
    changes.
    """

    def mend(self, draft: Draft) -> Draft:
        """The changed draft, or the same object if there is nothing to change."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A screen that also has results to report: they go into its row of yield."""

    def found(self) -> Mapping[str, Any]:
        """JSON-able values."""
        ...


@runtime_checkable
class FindsInParts(Finds, Protocol):
    """The same for a local filter: the results of parts are merged in the order of the problems."""

    def state(self) -> Any:
        """What the screen of a part has found, JSON-able."""
        ...

    def merge(self, state: Any) -> None:
        """Adds what the screen of a part that follows has found."""
        ...


@runtime_checkable
class Surveys(Protocol):
    """A screen that needs all examples made from a source, including those that earlier filters dropped."""

    def survey(self, drawn: Sequence[Draft]) -> None:
        """Receives all drafts of the source whose drafts come next, before any filter has seen them."""
        ...


def mended(filter: object, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts after this filter's changes, before its screen."""
    return [filter.mend(draft) for draft in drafts] if isinstance(filter, Mends) else list(drafts)


def each(judge: Callable[[Draft], str]) -> Screen:
    """A screen that judges every draft separately."""
    return lambda drafts: [judge(draft) for draft in drafts]
