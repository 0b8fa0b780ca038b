"""A piece of code that leaves traces wherever it runs, and a look at whether it has."""

from __future__ import annotations

import builtins
import os
import socket
from pathlib import Path

from lab.tasks.checkers.sandbox import SANDBOX


class Canary:
    """Says whether code was run: a file, a connection, a variable, and a name in `builtins`."""

    def __init__(self, place: Path) -> None:
        self.place, self.listener = place, socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        port = self.listener.getsockname()[1]
        self.code = (
            "import builtins, os, pathlib, socket; builtins.PWNED = 1; os.environ['PWNED'] = '1'; "
            f"pathlib.Path({str(place)!r}).touch(); socket.create_connection(('127.0.0.1', {port})).close()"
        )

    def sang(self) -> bool:
        """Whether anything ran, here or in the child; forgets it."""
        found = [hasattr(builtins, "PWNED"), "PWNED" in os.environ, self.place.exists(), self._connected()]
        if hasattr(builtins, "PWNED"):
            del builtins.PWNED
        os.environ.pop("PWNED", None)
        self.place.unlink(missing_ok=True)
        if SANDBOX._alive() is not None:
            found.append(SANDBOX.call("builtins:eval", "'PWNED' in dir(__import__('builtins'))"))
        return any(found)

    def _connected(self) -> bool:
        found = False
        try:
            while True:
                self.listener.accept()[0].close()
                found = True
        except BlockingIOError:
            return found
