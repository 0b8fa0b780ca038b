"""What a filter is.

A filter is a component whose `open` gives a `Screen`: a function that takes the drafts of one problem that
are still alive and says, for each, why it goes ("" keeps it). Screens may hold state from problem to
problem; problems come in a fixed order whatever order the engine finishes in. The pipeline does the
counting, so a filter cannot get its row of yield wrong.

For people who add one: say in `local` whether the state carries over (then the outcome for a problem depends
on the problems before it and memory grows with the corpus); import heavy libraries inside `open`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from data_gen.drafts import Draft
from data_gen.overlap import TestQuestion

Screen = Callable[[Sequence[Draft]], list[str]]
"""Drafts of one problem -> for each the reason it is thrown away, "" where it is kept."""


@dataclass(frozen=True)
class Context:
    """What a filter may know besides the drafts: the questions of the evaluation tasks."""

    tests: Sequence[TestQuestion] = field(default=())


class FilterLike(Protocol):
    """What the pipeline needs of a filter."""

    @property
    def kind(self) -> Any:
        """Its name in recipes and in the yield table."""
        ...

    @property
    def local(self) -> bool:
        """True if a problem's outcome does not depend on the problems before it (memory then stays flat)."""
        ...

    def open(self, context: Context) -> Screen:
        """A fresh screen for one stage."""
        ...

    def model_dump(self) -> dict[str, Any]:
        """Its configuration."""
        ...


def each(judge: Callable[[Draft], str]) -> Screen:
    """A screen that judges every draft by itself."""
    return lambda drafts: [judge(draft) for draft in drafts]
