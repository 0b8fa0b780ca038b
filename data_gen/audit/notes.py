"""Counts of what methods and filters noted in the `meta` of the kept examples: hinted or not, which
operation, how much agreement.

Only short words, truth values and numbers are counted, a limited number of each; texts that the model wrote
are not categories. Licences of the sources are counted, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft
from lab.statistics.running import Numbers

BASIC = frozenset({"index", "finish_reason", "prompt_tokens", "completion_tokens"})
MOST_KEYS = 24
MOST_VALUES = 16
_WORD = re.compile(r"[\w .:/+-]{1,40}")


@dataclass(slots=True)
class Notes:
    """Counts over the kept examples."""

    words: dict[str, Counter[str]] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    licences: Counter[str] = field(default_factory=Counter)

    def add(self, kept: Sequence[Draft]) -> None:
        """Counts the kept examples of one problem."""
        for draft in kept:
            for key, value in draft.example.meta.items():
                if key not in BASIC:
                    self._note(key, value)
            _bounded(self.licences, str(draft.problem.meta.get("licence") or "not stated")[:100])

    def _note(self, key: str, value: Any) -> None:
        if isinstance(value, bool) or (isinstance(value, str) and _WORD.fullmatch(value)):
            if key in self.words or len(self.words) < MOST_KEYS:
                _bounded(self.words.setdefault(key, Counter()), str(value).lower())
        elif isinstance(value, int | float) and (key in self.numbers or len(self.numbers) < MOST_KEYS):
            self.numbers.setdefault(key, Numbers()).add(float(value))

    def summary(self) -> dict[str, Any]:
        """Per key of `meta` how often each value occurs, or the mean and range of its numbers."""
        values = {key: dict(sorted(counts.items())) for key, counts in sorted(self.words.items())}
        numbers = {key: found.summary() for key, found in sorted(self.numbers.items())}
        return {"values": values, "numbers": numbers, "licences": dict(sorted(self.licences.items()))}


def _bounded(counts: Counter[str], value: str) -> None:
    """Counts a value. After MOST_VALUES different ones, new ones count as "other values"."""
    counts[value if value in counts or len(counts) < MOST_VALUES else "other values"] += 1
