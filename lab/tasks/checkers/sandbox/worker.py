"""The main loop of the sandbox process: reads a JSON line, makes the call, writes a JSON line.

It restricts itself (confine.py) before it reads the first line. Each call has a limit of CPU time, which a
busy machine does not use up. A wall-clock alarm ends calls that sleep, even if the parent is gone.
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
    """Serves calls until the input ends. What they print is discarded; the pipe is for results only."""
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
    """Answers each `[what, name, seconds, *arguments]` line with `[ok, value or message]`."""
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
    """Ends the process after this much CPU time, or far more wall time. 0 removes the limit."""
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
