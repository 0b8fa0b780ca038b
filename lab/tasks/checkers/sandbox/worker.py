"""The child's side of the sandbox: reads a JSON line, calls, writes a JSON line, until its input ends.

It gives up its rights (confine.py) before it reads the first line. A call has a limit of processor time,
which a busy machine does not use up; an alarm over the clock ends what sleeps, even if the parent is gone.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
from typing import IO, Any

from lab.tasks.checkers.sandbox.confine import confine

CLOCK_FACTOR, CLOCK_MORE = 10, 30
"""Seconds by the clock that a call of n seconds of processor time may take: 10 n + 30."""


def main() -> None:
    """Serves calls; what they print goes nowhere, the pipe is for results only."""
    results = os.fdopen(os.dup2(1, 3), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    calls = os.fdopen(0, encoding="utf-8")
    results.write(json.dumps([True, confine()]) + "\n")
    results.flush()
    serve(calls, results)


def serve(calls: IO[str], results: IO[str]) -> None:
    """Answers `[what, name, seconds, *arguments]` with `[ok, value or message]`, one per line."""
    for line in calls:
        what, name, seconds, *arguments = json.loads(line)
        _limit(seconds)
        try:
            reply = json.dumps([True, _do(what, name, arguments)])
        except Exception as error:
            reply = json.dumps([False, f"{type(error).__name__}: {error}"[:500]])
        _limit(0)
        results.write(reply + "\n")
        results.flush()


def _limit(seconds: float) -> None:
    """The process ends itself after so much processor time, or far more by the clock; 0 takes that back."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds and CLOCK_FACTOR * seconds + CLOCK_MORE)


def _do(what: str, name: str, arguments: list[Any]) -> Any:
    module, _, function = name.partition(":")
    found = importlib.import_module(module)
    if what == "import":
        return getattr(found, "warm_up", lambda: None)()
    return getattr(found, function)(*arguments)


if __name__ == "__main__":
    main()
