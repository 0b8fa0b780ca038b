"""The version of a server, if it reports one: another version may generate other samples.

vLLM and others report it at `/version`, Ollama at `/api/version`, next to the API's `/v1`. Commercial servers
send a `system_fingerprint` with every reply instead. That is too late for the key of a sample, so it is only
recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lab.system.redact import redacted

PLACES = ("version", "api/version")
UNKNOWN = "unknown"
_LONGEST = 100


async def version_of(address: str, glance: Callable[[str], Awaitable[Any]]) -> str:
    """The version that the server reports, or UNKNOWN; `glance` returns a reply's JSON."""
    root = address.rstrip("/").removesuffix("/v1")
    for place in PLACES:
        said = await glance(f"{root}/{place}")
        found = said.get("version") if isinstance(said, dict) else None
        if isinstance(found, str) and found.isascii() and found.isprintable() and found.strip():
            return found.strip()[:_LONGEST]
    return UNKNOWN


class Fingerprints:
    """Collects the fingerprints of the systems that made the replies."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, data: Any) -> None:
        """Adds one reply's JSON."""
        found = data.get("system_fingerprint") if isinstance(data, dict) else None
        if isinstance(found, str) and found.isascii() and found.isprintable() and len(self._seen) < _MOST:
            self._seen.setdefault(redacted(found)[:_LONGEST])

    def note(self, address: str) -> str:
        """A note for the user about a server that reports no version."""
        said = f" It calls itself {', '.join(self._seen)}." if self._seen else ""
        return (
            f"the server at {address} does not tell its version, so that samples in the bank are found again "
            f"also when another version runs there.{said}"
        )


_MOST = 8
