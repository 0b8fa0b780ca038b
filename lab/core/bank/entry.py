"""How the bank stores a completion: its bytes, a checksum, and the checks when it is read.

An entry is damaged if it is truncated, was changed, or contains impossible numbers (a negative count, a count
that no model reaches). A damaged entry reads as None.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lab.core.types import Completion, Usage
from lab.errors import BankError

Entry = tuple[bytes, str, bytes, bytes]
"""Key, owner, value, checksum."""

_ARRAYS = ("logprobs", "confidence", "certainty", "prefix_logprobs")
"""Numbers per token, stored as float32, in this order. Older entries have fewer of them."""
_MOST_TOKENS = 1 << 31
"""No token count may be larger than this."""


def checksum(key: bytes, owner: str, value: bytes) -> bytes:
    """8 bytes over an entry. A value stored under another key or owner does not match."""
    if not (isinstance(owner, str) and isinstance(value, bytes)):
        return b""
    named = owner.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(key + struct.pack("<I", len(named)) + named, digest_size=8)
    digest.update(value)
    return digest.digest()


def rounded(completion: Completion) -> Completion:
    """The completion as it reads back: numbers per token are stored as float32."""
    c = completion
    kept: dict[str, Any] = {name: tuple(array("f", found)) for name in _ARRAYS if (found := getattr(c, name))}
    return replace(c, **kept) if kept else c


def encode(c: Completion, certainty: bool, logprobs: bool) -> bytes:
    """Head length, JSON head, token ids as int32, then the arrays as float32."""
    usage = _counts(c)
    sizes = (len(c.token_ids), *(len(getattr(c, name)) for name in _ARRAYS))
    fields = (c.text, c.finish_reason, usage, dict(c.choices), c.seconds, c.stopped, c.scores, certainty)
    head = json.dumps((sizes, *fields, logprobs, c.reasoning, c.latency)).encode()
    numbers = b"".join(array("f", getattr(c, name)).tobytes() for name in _ARRAYS)
    return struct.pack("<I", len(head)) + head + array("i", c.token_ids).tobytes() + numbers


def entry_of(key: bytes, completion: Completion, owner: str, certainty: bool, logprobs: bool) -> Entry:
    """The entry for a completion. Raises BankError for impossible numbers."""
    if not possible(completion):
        raise BankError("the engine returned a completion whose token counts or token ids are out of range")
    value = encode(completion, certainty, logprobs)
    return key, owner, value, checksum(key, owner, value)


def decode(blob: bytes) -> tuple[Completion, bool, bool] | None:
    """As `read`, for bytes without a checksum; None if they are damaged."""
    try:
        completion, *asked = read(blob)
    except (struct.error, ValueError, TypeError, RecursionError, AttributeError):
        return None
    return (completion, asked[0], asked[1]) if possible(completion) and asked[0] in (True, False) else None


def read(blob: bytes) -> tuple[Completion, bool, bool]:
    """The completion that `encode` wrote, and whether it was generated with `certainty` and with
    `logprobs`.
    """
    at = 4 + struct.unpack_from("<I", blob)[0]
    head = json.loads(blob[4:at])
    sizes, text, finish, usage, choices, seconds, stopped, scores, certainty, *newer = head
    defaults: list[Any] = [False, "", 0.0]
    had_logprobs, reasoning, latency = newer + defaults[len(newer) :]
    if (
        min(sizes) < 0
        or len(sizes) not in (len(_ARRAYS), len(_ARRAYS) + 1)
        or at + 4 * sum(sizes) != len(blob)
    ):
        raise ValueError("its parts do not fill it")
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
        latency,
    )
    return completion, certainty, had_logprobs


def _counts(c: Completion) -> tuple[int, ...]:
    u = c.usage
    return u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens


def possible(c: Completion) -> bool:
    """Whether an engine can have produced this: the types are right and the counts are within bounds."""
    return (
        all(type(count) is int and 0 <= count < _MOST_TOKENS for count in _counts(c))
        and min(c.token_ids, default=0) >= 0
        and max(c.token_ids, default=0) < _MOST_TOKENS
        and isinstance(c.text, str)
        and isinstance(c.reasoning, str)
        and isinstance(c.stopped, str)
        and isinstance(c.choices, Mapping)
        and c.finish_reason in ("stop", "length")
        and isinstance(c.seconds, int | float)
        and 0 <= c.seconds < math.inf
        and isinstance(c.latency, int | float)
        and 0 <= c.latency < math.inf
    )
