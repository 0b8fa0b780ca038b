"""The progress interface of long work. `lab.run` shows it (a Rich bar on a terminal, log lines elsewhere)."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """One bar: `start`, any number of `update`s with totals so far, `stop`."""

    def start(self, what: str, total: int) -> None:
        """Begins `total` units of `what`."""
        ...

    def update(self, done: int, tokens: int) -> None:
        """`done` units and `tokens` generated tokens so far (not increments)."""
        ...

    def stop(self) -> None:
        """Ends the bar."""
        ...

    def note(self, text: str) -> None:
        """A message for the user while the work continues."""
        ...


class Quiet:
    """A Progress that shows nothing."""

    def start(self, what: str, total: int) -> None:
        pass

    def update(self, done: int, tokens: int) -> None:
        pass

    def stop(self) -> None:
        pass

    def note(self, text: str) -> None:
        pass
