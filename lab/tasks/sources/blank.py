"""The `blank` source: a number of empty problems, for methods such as Magpie.

The problems differ only in their ids, from which their seeds are derived. They are streamed, so a million of
them take no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lab.tasks.base import SourceKind
from lab.tasks.sources.base import SourceEntry, SourceTask


class Blank(SourceTask):
    """A number of empty problems, each with the system message `system` if it is set."""

    kind: Literal["blank"] = "blank"
    gives: ClassVar[SourceKind] = "blank"
    count: int = Field(default=100, ge=1)
    """Number of problems."""

    @model_validator(mode="after")
    def _one_number(self) -> Blank:
        if self.limit is not None:
            raise ValueError("blank problems are all equal: set `count` and leave `limit` out")
        return self

    def entries(self) -> Iterator[SourceEntry]:
        """Yields `count` empty entries, numbered."""
        return (SourceEntry(str(number), None) for number in range(self.count))
