"""The base of data methods: components with `generate`, the shape of their examples, and the sources they
read.

A method only generates; `data_gen.filters` decides what is kept. It sees one `Source` at a time and yields
requests, so all its completions are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from data_gen.filters.defaults import RIGHT, Filters
from data_gen.source import Source
from lab.core.component import Component
from lab.core.types import Example, Plan
from lab.formats.corpus import Shape
from lab.tasks.base import SourceKind


class MethodComponent(Component):
    """Base of the data methods. A subclass defines `kind`, `generate`, and the traits below."""

    # A field in every method; if it were a field of this class, it would come first in all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes, the ledger and the card."""

    shape: ClassVar[Shape] = "completion"
    reads: ClassVar[SourceKind] = "problem"
    shows_gold: ClassVar[bool] = False
    """Whether the gold answer gets into a prompt, as in some published methods."""

    asks: ClassVar[bool] = True
    """Whether it calls a model; a method that does not returns what the task has."""

    default_filters: ClassVar[Filters] = RIGHT
    """The filters of a stage that does not list filters (data_gen/filters/defaults.py)."""

    def digest_inputs(self) -> Mapping[str, str]:
        """SHA-256 of the local files that it reads, by path."""
        return {}

    def generate(self, source: Source) -> Plan[list[Example]]:
        """Synthetic examples from one problem or document."""
        raise NotImplementedError
        yield []
