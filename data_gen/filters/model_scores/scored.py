"""Filters in which a model scores each example: the score is stored in its `meta`, where the screen reads it.

The model is called while the problem's plan runs (`data_gen.making`), so its compute is charged. An example
that could not be scored is dropped, too, with a separate reason, as `verified` drops unscored ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_gen.drafts import Draft
from lab.statistics.running import Numbers
from lab.statistics.sums import count_of
from lab.system.files import digest_of


def meta_key(word: str, model: str, *more: str) -> str:
    """The key of a score in the meta: two judges of one stage must not overwrite each other."""
    tail = digest_of({"more": list(more)})[:6] if any(more) else ""
    return "_".join(part for part in (word, model, tail) if part)


class Threshold:
    """A screen that keeps examples with a score of at least `threshold`; `part`: see `Context`."""

    def __init__(self, key: str, threshold: float, *, part: bool = False) -> None:
        self._key, self._threshold, self._part = key, threshold, part
        self._unscored = 0
        self._scores: dict[str, Numbers] = {}

    def __call__(self, drafts: Sequence[Draft]) -> list[str]:
        return [self._judge(draft) for draft in drafts]

    def _judge(self, draft: Draft) -> str:
        score = draft.example.meta.get(self._key)
        if score is None:
            self._unscored += 1
            return f"no {self._key}: it could not be scored"
        word = {True: "correct", False: "wrong", None: "unscored"}[draft.verdict.correct]
        self._add(word, [float(score)])
        return f"{self._key} {score:.2f}, below {self._threshold:g}" if score < self._threshold else ""

    def _add(self, word: str, scores: Sequence[float]) -> None:
        self._scores.setdefault(word, Numbers.open(logged=self._part)).extend(scores)

    def state(self) -> Any:
        """All scores of a part by the checker's verdict, in order, and how many are missing."""
        return [(word, numbers.log) for word, numbers in self._scores.items()], self._unscored

    def merge(self, state: Any) -> None:
        """Adds those of a part."""
        scores, unscored = state
        for word, values in scores:
            self._add(word, [float(value) for value in values])
        self._unscored += count_of(unscored)

    def found(self) -> Mapping[str, Any]:
        """The scores of right, wrong and unscored examples (by the checker): a useful judge rates right ones
        higher. Also the number of examples that could not be scored.
        """
        scores = {word: numbers.summary() for word, numbers in sorted(self._scores.items())}
        return {"scores_by_verdict": scores, "not_judged": self._unscored}
