"""What a data method is to the stage: a component with `generate`, a name and a configuration."""

from __future__ import annotations

from typing import Any, Protocol

from lab.core.protocols import DataMethod


class MethodLike(DataMethod, Protocol):
    """A data method as the generate stage uses it."""

    @property
    def kind(self) -> str:
        """Its name in recipes, the ledger and the card."""
        ...

    def model_dump(self) -> dict[str, Any]:
        """Its configuration."""
        ...
