"""What a data method is: a component with `generate`, the shape of what it makes and what it reads.

A method generates and nothing else: what is kept is decided by `data_gen.filters`. It sees one `Source` at a
time and yields requests, so nothing it asks for can go uncounted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from data_gen.filters.defaults import RIGHT, Filters
from data_gen.source import Source
from lab.core.component import Component
from lab.core.types import Example, Plan
from lab.formats.corpus import Shape

Reads = Literal["problem", "document", "instruction", "blank"]
"""What kind of source a method needs: questions with a checker, texts, seed instructions, or nothing."""


class MethodComponent(Component):
    """Base of the data methods; a subclass gives `kind`, `generate`, and what else holds of it below."""

    # Each has the field; were it one of this class, it would move to the front of all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes, the ledger and the card."""

    shape: ClassVar[Shape] = "completion"
    reads: ClassVar[Reads] = "problem"
    shows_gold: ClassVar[bool] = False
    """Whether the gold answer gets into a prompt, as some published methods have it."""

    asks: ClassVar[bool] = True
    """Whether it asks a model anything; one that does not passes on what the task has."""

    default_filters: ClassVar[Filters] = RIGHT
    """The filters of a stage that lists none (data_gen/filters/defaults.py)."""

    def digest_inputs(self) -> Mapping[str, str]:
        """SHA-256 of the local files it reads, by path."""
        return {}

    def generate(self, source: Source) -> Plan[list[Example]]:
        """Synthetic examples from one problem or document."""
        raise NotImplementedError
        yield []
