"""The base class of checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Component
from lab.core.types import Problem, Verdict


class CheckerComponent(Component):
    """Base class of the checkers. Subclasses define `kind`, `check` and `canonical`."""

    # Each has the field; were it one of this class, it would move to the front of all dumps.
    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Its name in recipes."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """The verdict on a text. Only this method reads the gold answer."""
        raise NotImplementedError

    def canonical(self, text: str) -> str | None:
        """The canonical answer in a text, without reading the gold; None if none can be parsed."""
        raise NotImplementedError

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, but may also read the question (never the gold). By default the question is
        ignored.
        """
        return self.canonical(text)

    def digest_inputs(self) -> dict[str, str]:
        """{file name: SHA-256} of the local files it reads."""
        return {}

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text cut off at `max_tokens` have
        one.
        """
        return False
