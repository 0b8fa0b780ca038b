"""Seeds derived from names: equal parts give equal seeds on every machine and in every run."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: object) -> int:
    """A 63-bit seed from the parts' text forms (SHA-256), e.g. run seed, problem id, role, sample index."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
