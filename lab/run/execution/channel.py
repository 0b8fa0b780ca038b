"""Communication between a stage's process and the one that runs the recipe: JSON lines on a separate pipe.

Libraries print to standard output, which goes to log.txt. Progress, and the message of a failure, use this
channel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any

from lab.system.progress import Progress

_INTERVAL = 0.2


class ChannelProgress:
    """A Progress that writes events, at most five updates per second."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._last = out, 0.0

    def start(self, what: str, total: int) -> None:
        """Begins a bar."""
        send(self._out, "start", what=what, total=total)

    def update(self, done: int, tokens: int) -> None:
        """Totals so far."""
        now = time.monotonic()
        if now - self._last >= _INTERVAL:
            self._last = now
            send(self._out, "update", done=done, tokens=tokens)

    def stop(self) -> None:
        """Ends the bar."""
        send(self._out, "stop")

    def note(self, text: str) -> None:
        """A message for the user."""
        send(self._out, "note", text=text)


def send(out: IO[str], event: str, **fields: Any) -> None:
    """Writes one event."""
    out.write(json.dumps({"event": event, **fields}) + "\n")
    out.flush()


def relay(lines: Iterable[str], progress: Progress) -> Iterator[dict[str, Any]]:
    """Replays progress events on `progress`; yields every other event."""
    for line in lines:
        event = json.loads(line)
        match event.pop("event"):
            case "start":
                progress.start(event["what"], event["total"])
            case "update":
                progress.update(event["done"], event["tokens"])
            case "stop":
                progress.stop()
            case "note":
                progress.note(event["text"])
            case name:
                yield {"event": name, **event}
