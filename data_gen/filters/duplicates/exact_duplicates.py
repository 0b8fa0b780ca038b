"""Drops an example that is equal to an earlier one, except for case, Unicode form and white space.

`compare: equations` is the criterion of RFT [Yuan et al. 2023, arXiv:2308.01825]: two solutions are the same
if they compute the same list of equations; solutions without equations are compared as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

import regex

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Screen
from data_gen.similarity.words import normalised

_CHAIN = regex.compile(
    r"[-+]?[\d.,$()]++(?:(?:\s*+[-+*/x×÷^]\s*+[\d.,$()]++)++(\s*+=\s*+[-+]?[$]?[\d.,]*\d)?)?"
)
"""Numbers joined by operators, and their stated result. A chain without a result is skipped completely,
because searching an equation from each of its numbers would take quadratic time. Atomic groups of the
standard library match wrongly in Python up to 3.11.2, so this uses `regex`.
"""


class ExactDuplicates(FilterComponent):
    """Keeps only the first of several equal examples."""

    kind: Literal["exact_duplicates"] = "exact_duplicates"
    scope: Literal["problem", "corpus"] = "problem"
    """Compare completions of one problem, or question and completion over the whole corpus (memory then grows
    by about 150 bytes per example)."""
    compare: Literal["text", "equations"] = "text"
    """What must be equal: the normalised text, or the equations in it."""

    @property
    def local(self) -> bool:
        return self.scope == "problem"

    def open(self, context: Context) -> Screen:
        """A screen that stores 16 bytes per distinct example of its scope."""
        seen: set[bytes] = set()

        def screen(drafts: Sequence[Draft]) -> list[str]:
            if self.local:
                seen.clear()
            reasons = []
            for draft in drafts:
                key = self._key(draft)
                reasons.append(f"equal to an earlier example ({self.compare})" if key in seen else "")
                seen.add(key)
            return reasons

        return screen

    def _key(self, draft: Draft) -> bytes:
        text = equations(draft.text) if self.compare == "equations" else ""
        parts = [text or normalised(draft.text)]
        if not self.local:
            parts.insert(0, normalised(draft.question))
        return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).digest()


def equations(text: str) -> str:
    """The equations of a solution in order, without white space and currency signs; "" if it has none."""
    found = (re.sub(r"[\s$,]", "", chain[0]) for chain in _CHAIN.finditer(text) if chain[1])
    return ";".join(e.replace("×", "*").replace("x", "*").replace("÷", "/") for e in found)
