"""Which version a server is of, as far as it says: another version may draw another sample.

vLLM and others tell it at `/version`, Ollama at `/api/version`, beside the API's own `/v1`. Commercial
servers tell a `system_fingerprint` with every reply instead: that is too late for the name of a sample, so it
is only written down.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from lab.system.redact import redacted

PLACES = ("version", "api/version")
UNKNOWN = "unknown"
_LONGEST = 100


async def version_of(address: str, glance: Callable[[str], Awaitable[Any]]) -> str:
    """The server's version in its own words, UNKNOWN where it tells none; `glance` gives a reply's JSON."""
    root = address.rstrip("/").removesuffix("/v1")
    for place in PLACES:
        said = await glance(f"{root}/{place}")
        found = said.get("version") if isinstance(said, dict) else None
        if isinstance(found, str) and found.isascii() and found.isprintable() and found.strip():
            return found.strip()[:_LONGEST]
    return UNKNOWN


class Fingerprints:
    """What replies say of the system that made them."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, data: Any) -> None:
        """One reply's JSON."""
        found = data.get("system_fingerprint") if isinstance(data, dict) else None
        if isinstance(found, str) and found.isascii() and found.isprintable() and len(self._seen) < _MOST:
            self._seen.setdefault(redacted(found)[:_LONGEST])

    def note(self, address: str) -> str:
        """What a person should know of a server that tells no version."""
        said = f" It calls itself {', '.join(self._seen)}." if self._seen else ""
        return (
            f"the server at {address} does not tell its version, so that samples in the bank are found again "
            f"also when another version runs there.{said}"
        )


_MOST = 8
