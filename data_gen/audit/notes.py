"""Counts of what methods and filters noted in the `meta` of the kept examples: hinted or not, which
operation, how much agreement.

Only short words, truth values and numbers are counted, a limited number of each; texts that the model wrote
are not categories. Licences of the sources are counted, too. A part has no limits, because what they keep
depends on the parts before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_gen.drafts import Draft
from lab.statistics.running import Numbers
from lab.statistics.sums import count_of, pairs

BASIC = frozenset({"index", "finish_reason", "prompt_tokens", "completion_tokens"})
MOST_KEYS = 24
MOST_VALUES = 16
_WORD = re.compile(r"[\w .:/+-]{1,40}")


@dataclass(slots=True)
class Notes:
    """Counts over the kept examples; `limited`: not those of a part."""

    limited: bool = True
    words: dict[str, Counter[str]] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    licences: Counter[str] = field(default_factory=Counter)

    def add(self, kept: Sequence[Draft]) -> None:
        """Counts the kept examples of one problem."""
        for draft in kept:
            for key, value in draft.example.meta.items():
                if key not in BASIC:
                    self._note(key, value)
            self._count(self.licences, str(draft.problem.meta.get("licence") or "not stated")[:100])

    def _note(self, key: str, value: Any) -> None:
        if isinstance(value, bool) or (isinstance(value, str) and _WORD.fullmatch(value)):
            self._word(key, str(value).lower())
        elif isinstance(value, int | float):
            self._numbers(key, [float(value)])

    def _word(self, key: str, value: str, count: int = 1) -> None:
        if self._has_room(self.words, key, MOST_KEYS):
            self._count(self.words.setdefault(key, Counter()), value, count)

    def _numbers(self, key: str, values: Sequence[float]) -> None:
        if self._has_room(self.numbers, key, MOST_KEYS):
            self.numbers.setdefault(key, Numbers.open(logged=not self.limited)).extend(values)

    def _count(self, counts: Counter[str], value: str, count: int = 1) -> None:
        """Counts a value. After MOST_VALUES different ones, new ones count as "other values"."""
        counts[value if self._has_room(counts, value, MOST_VALUES) else "other values"] += count

    def _has_room(self, found: Mapping[str, Any], key: str, most: int) -> bool:
        return not self.limited or key in found or len(found) < most

    def state(self) -> dict[str, Any]:
        """JSON-able values of a part for `merge`. The numbers are listed, in order."""
        return {
            "words": [(key, pairs(counts)) for key, counts in self.words.items()],
            "numbers": [(key, found.log) for key, found in self.numbers.items()],
            "licences": pairs(self.licences),
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the counts of a part that follows. Raises ValueError if they are no counts."""
        for key, counts in state["words"]:
            for value, count in counts:
                self._word(key, value, count_of(count))
        for key, values in state["numbers"]:
            self._numbers(key, [float(value) for value in values])
        for value, count in state["licences"]:
            self._count(self.licences, value, count_of(count))

    def summary(self) -> dict[str, Any]:
        """Per key of `meta` how often each value occurs, or the mean and range of its numbers."""
        values = {key: dict(sorted(counts.items())) for key, counts in sorted(self.words.items())}
        numbers = {key: found.summary() for key, found in sorted(self.numbers.items())}
        return {"values": values, "numbers": numbers, "licences": dict(sorted(self.licences.items()))}
