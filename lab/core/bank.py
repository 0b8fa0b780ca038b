"""Completions that were paid for once and are never drawn again.

One SQLite file (write-ahead log) maps a 16-byte key to a completion. The key is the engine's identity
(weights digest, dtype), the rendered prompt tokens, and the sampling with its seed; so equal samples
are shared by strategies, stages and runs, and an interrupted run continues where it stopped. What is
committed survives `kill -9`. Values hold plain JSON and numbers, never code. Memory does not grow with
the number of entries.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from array import array
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.core.types import Completion, Sampling, Usage

_SCHEMA = """CREATE TABLE IF NOT EXISTS completions
    (key BLOB NOT NULL UNIQUE, owner TEXT NOT NULL, value BLOB NOT NULL)"""
_PAGES_BEFORE_CHECKPOINT = 16_384
_CACHE_KIB = 16_384


def bank_key(identity: str, prompt: tuple[int, ...], sampling: Sampling, prefix: str = "") -> bytes:
    """16 bytes that name one sample. `logprobs` and `certainty` are left out: asking for them does not
    change the sample. Where the prefix is scored, so is which part of the prompt it is."""
    s = sampling
    seed = s.seed if s.temperature > 0 else None
    settings = (identity, s.temperature, s.top_p, s.max_tokens, s.stop, seed, s.allowed_tokens)
    guided = (s.json_schema,) if s.json_schema else ()  # keys from before guided decoding stay valid
    scored = ("scored", prefix) if s.score_prefix else ()
    digest = hashlib.blake2b(repr(settings + guided + scored).encode(), digest_size=16)
    digest.update(array("q", prompt).tobytes())
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Banked:
    """A stored completion and the one (stage and problem) that had it executed."""

    completion: Completion
    owner: str


class Bank:
    """The store; ":memory:" keeps it in memory (tests). Safe for several processes on one machine."""

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(f"PRAGMA wal_autocheckpoint={_PAGES_BEFORE_CHECKPOINT}")
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute(_SCHEMA)
        self._open = False

    def get(self, key: bytes, *, logprobs: bool = False, certainty: bool = False) -> Banked | None:
        """The stored completion, or None; also None when numbers are wanted that were not asked for then.

        What was asked for and not given (by a server without log-probabilities) is not asked for again.
        """
        row = self._db.execute("SELECT owner, value FROM completions WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        completion, had_certainty, had_logprobs = _decode(row[1])
        absent = completion.usage.completion_tokens and not completion.logprobs and not had_logprobs
        if logprobs and absent:
            return None
        return Banked(completion, row[0]) if had_certainty or not certainty else None

    def put(
        self, key: bytes, completion: Completion, owner: str, *, certainty: bool = False, logprobs: bool = False
    ) -> Completion:
        """Store (in the open transaction; see `commit`); returns exactly what a later `get` will give.

        `certainty`, `logprobs`: whether the request asked for them (an engine may not be able to tell them).
        """
        if not self._open:
            self._db.execute("BEGIN")
            self._open = True
        blob = _encode(completion, certainty, logprobs)
        self._db.execute("INSERT OR REPLACE INTO completions VALUES (?, ?, ?)", (key, owner, blob))
        return _rounded(completion)

    def commit(self) -> None:
        """Make every `put` so far permanent."""
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def close(self) -> None:
        """Commit and close; safe to call twice."""
        self.commit()
        self._db.close()


_ARRAYS = ("logprobs", "confidence", "certainty", "prefix_logprobs")
"""Numbers per token, kept as float32, in this order; older entries end before the last."""


def _rounded(completion: Completion) -> Completion:
    """As it reads back: numbers per token are kept as float32."""
    c = completion
    kept: dict[str, Any] = {name: tuple(array("f", found)) for name in _ARRAYS if (found := getattr(c, name))}
    return replace(c, **kept) if kept else c


def _encode(c: Completion, certainty: bool, logprobs: bool) -> bytes:
    """Head length, JSON head, token ids as int32, then the arrays as float32."""
    u = c.usage
    usage = (u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens)
    sizes = (len(c.token_ids), *(len(getattr(c, name)) for name in _ARRAYS))
    fields = (c.text, c.finish_reason, usage, dict(c.choices), c.seconds, c.stopped, c.scores, certainty)
    head = json.dumps((sizes, *fields, logprobs, c.reasoning)).encode()
    numbers = b"".join(array("f", getattr(c, name)).tobytes() for name in _ARRAYS)
    return struct.pack("<I", len(head)) + head + array("i", c.token_ids).tobytes() + numbers


def _decode(blob: bytes) -> tuple[Completion, bool, bool]:
    """The completion, and whether it was drawn with `certainty` and with `logprobs`."""
    at = 4 + struct.unpack_from("<I", blob)[0]
    head = json.loads(blob[4:at])
    sizes, text, finish, usage, choices, seconds, stopped, scores, certainty, *newer = head
    had_logprobs, reasoning = newer or (False, "")
    found: list[tuple[float, ...]] = []
    for code, size in zip("iffff", sizes, strict=False):
        found.append(tuple(array(code, blob[at : at + 4 * size])))
        at += 4 * size
    ids, logprobs, confidence, sure, *prefix = found
    completion = Completion(
        text,
        finish,
        Usage(*usage),
        logprobs,
        ids,  # type: ignore[arg-type]
        choices,
        seconds,
        "",
        stopped,
        confidence,
        sure,
        tuple(scores),
        prefix[0] if prefix else (),
        reasoning,
    )
    return completion, certainty, had_logprobs
