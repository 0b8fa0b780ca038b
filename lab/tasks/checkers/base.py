"""What every checker shares: it is a component, and what it may leave out."""

from __future__ import annotations

from lab.core.component import Component
from lab.core.types import Problem, Verdict


class CheckerComponent(Component):
    """Base of the checkers: `check` and `canonical` are theirs, the other two have defaults."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Is this text right? The only place that reads the gold."""
        raise NotImplementedError

    def canonical(self, text: str) -> str | None:
        """The canonical answer in a text, without the gold; None if nothing can be parsed."""
        raise NotImplementedError

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """The same where the question may be read (never the gold); by default without it."""
        return self.canonical(text)

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer, so that a text cut off has one all the same."""
        return False
