"""The child's side of the sandbox: reads a JSON line, calls, writes a JSON line, until its input ends.

Limits are set before anything runs: no file may be written, memory is capped, and an alarm ends the
process when a call outlives its time even if the parent is gone.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
from typing import IO, Any


def main() -> None:
    """Serves calls; what they print goes nowhere, the pipe is for results only."""
    results = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    serve(sys.stdin, results)


def serve(calls: IO[str], results: IO[str]) -> None:
    """Answers `[what, name, seconds, *arguments]` with `[ok, value or message]`, one per line."""
    for line in calls:
        what, name, seconds, *arguments = json.loads(line)
        signal.alarm(int(seconds) + 5)
        try:
            reply: list[Any] = [True, _do(what, name, arguments)]
        except Exception as error:
            reply = [False, f"{type(error).__name__}: {error}"[:500]]
        signal.alarm(0)
        results.write(json.dumps(reply) + "\n")
        results.flush()


def _do(what: str, name: str, arguments: list[Any]) -> Any:
    module, _, function = name.partition(":")
    found = importlib.import_module(module)
    if what == "import":
        return getattr(found, "warm_up", lambda: None)()
    return getattr(found, function)(*arguments)


_MOST_MEMORY = 4 * 1024**3

if __name__ == "__main__":
    main()
