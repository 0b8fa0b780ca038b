"""The error model of the lab.

* `InputError`: the user's input is wrong. One message says where, which key, what was expected, and the
  nearest valid name. Exit code 2; nothing is written.
* `StageError`: something failed during a run (a crashed engine, a full disk). One message says what failed
  and how to fix it. Exit code 1; everything finished so far is kept.
* An exception in a plan is neither: it becomes a failed answer and the run continues, unless too many fail
  (`lab/core/failures.py`). This holds only for exceptions of the plan's own code; an exception of the bank, a
  chat template or an engine ends the stage.
* `CompletionError` is raised inside a plan at its `yield` if the engine could not generate one of its
  completions; a plan may catch it. `NumbersError` means that a completion lacks numbers that were requested;
  nothing can be measured without them, so no plan catches it. Both are `DrawError`s, caused by the engine.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LabError(Exception):
    """Base of the errors that are shown to the user as one message, never as a traceback."""


class InputError(LabError):
    """The user's input is wrong; `where` is file:line or the command-line argument."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


class StageError(LabError):
    """A stage cannot continue. Finished work is kept, and the same command continues."""


class BankError(StageError):
    """The bank cannot be used. This ends the stage and is never a failed answer."""


class EngineError(LabError):
    """The engine crashed or cannot start (not a single request)."""


class DrawError(Exception):
    """The engine did not return what a plan needs; raised inside this plan."""


class CompletionError(DrawError):
    """One completion could not be generated."""


class NumbersError(DrawError):
    """A completion was generated, but requested numbers are missing or invalid."""


_SHOWN = 20
"""Maximum number of names in a message."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """' Did you mean X?' for the closest valid name, else the valid ones; starts with a space."""
    names = sorted(set(valid))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f" Did you mean '{close[0]}'?"
    shown = names if len(names) <= _SHOWN else [*names[:_SHOWN], f"and {len(names) - _SHOWN} more"]
    return f" Valid: {', '.join(shown)}." if names else ""
