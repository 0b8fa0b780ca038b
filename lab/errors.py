"""The whole error model, in one place.

* `InputError`: the user's input is wrong. One message: where, which key, what was expected, the
  nearest valid name. Exit code 2, nothing written.
* `StageError`: something failed while running (an engine that died, a full disk). One message that
  says what and how to fix it. Exit code 1; everything finished so far is kept.
* A plan that raises is neither: it becomes a failed answer and the run goes on, unless too many fail
  (`lab/core/failures.py`). Only what the plan's own code raises counts; what the bank, a chat template or an
  engine raises ends the stage.
* `CompletionError` is raised inside a plan at its `yield` when the engine could not draw one of its
  completions; a plan may catch it. `NumbersError` says that a completion came without the numbers that were
  asked for; nothing is measured without them, so no plan catches it. Both are `DrawError`s: of the engine's
  making.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LabError(Exception):
    """Base of the errors that are shown to a person as one message, never as a traceback."""


class InputError(LabError):
    """The user's input is wrong; `where` is file:line or the command-line argument."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


class StageError(LabError):
    """A stage could not go on; finished work is kept and the same command continues."""


class BankError(StageError):
    """The store of drawn completions cannot be used; it stops the stage and is never a failed answer."""


class EngineError(LabError):
    """The engine itself died or cannot start (not one request: all of them)."""


class DrawError(Exception):
    """The engine did not give what a plan needs; raised inside the plan that asked for it."""


class CompletionError(DrawError):
    """One completion could not be drawn."""


class NumbersError(DrawError):
    """A completion was drawn, but the numbers that were asked for with it are missing or are no numbers."""


_SHOWN = 20
"""Most names a message lists."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """' Did you mean X?' for the closest valid name, else the valid ones; starts with a space."""
    names = sorted(set(valid))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f" Did you mean '{close[0]}'?"
    shown = names if len(names) <= _SHOWN else [*names[:_SHOWN], f"and {len(names) - _SHOWN} more"]
    return f" Valid: {', '.join(shown)}." if names else ""
