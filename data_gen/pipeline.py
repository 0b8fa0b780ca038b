"""Applies the filters and counts.

The pipeline passes the drafts of one problem through every filter in the listed order and has one row of
yield per filter: how many came in, were changed and were kept, and up to twenty of the dropped ones. Those
are chosen by the smallest hash of their content, so they do not depend on the order of problems. Dropped and
kept examples are also counted by the checker's verdict, which shows whether a filter was right. Nothing is
shown that a filter hides (secrets, personal data), at any position in the list. Memory is that of the
filters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from data_gen.drafts import Draft
from data_gen.filters.base import Context, FilterComponent, Finds, Hides, Surveys, mended
from lab.core.types import Verdict
from lab.errors import StageError
from lab.statistics.bottom_k import BottomK, salted

SHOWN = 20
LONGEST = 1000


class Step:
    """One filter with its screen, its counts, and a sample of what it dropped."""

    def __init__(self, label: str, filter: FilterComponent, context: Context) -> None:
        self.label, self._filter, self._screen = label, filter, filter.open(context)
        self.came = self.went = self.changed = 0
        self._verdicts: Counter[str] = Counter()
        self._dropped = BottomK[dict[str, Any]](SHOWN, salted(label))

    def survey(self, drawn: Sequence[Draft]) -> None:
        """Passes all examples to a screen that needs them, before any filter has seen them."""
        if isinstance(self._screen, Surveys):
            self._screen.survey(drawn)

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The kept drafts, as changed by the filter. Raises StageError if the filter fails."""
        before = drafts
        try:
            drafts = mended(self._filter, before)
            reasons = self._screen(drafts)
        except Exception as error:
            where = f"filter '{self.label}' failed on problem '{before[0].problem.id}'"
            raise StageError(f"{where}: {type(error).__name__}: {error}") from error
        if len(reasons) != len(drafts):
            raise StageError(f"filter '{self.label}' gave {len(reasons)} reasons for {len(drafts)} examples")
        self.changed += sum(new is not old for new, old in zip(drafts, before, strict=True))
        return self._count(drafts, reasons)

    def _count(self, drafts: Sequence[Draft], reasons: Sequence[str]) -> list[Draft]:
        kept = []
        for draft, reason in zip(drafts, reasons, strict=True):
            self._verdicts[f"{'dropped' if reason else 'passed'}_{_word(draft.verdict)}"] += 1
            if reason:
                self._dropped.add(_key(draft), {"draft": draft, "reason": reason})
            else:
                kept.append(draft)
        self.came += len(drafts)
        self.went += len(kept)
        return kept

    def row(self, hiding: Sequence[Hides] = ()) -> dict[str, Any]:
        """Its row of yield; `hiding` filters remove private texts from what is shown."""
        row: dict[str, Any] = {
            "step": self.label,
            "in": self.came,
            "out": self.went,
            "dropped": self.came - self.went,
            "changed": self.changed,
            **{key: self._verdicts[key] for key in _VERDICTS},
            "examples": [_shown(item["draft"], item["reason"], hiding) for item in self._dropped.ordered()],
        }
        return {**row, "found": dict(self._screen.found())} if isinstance(self._screen, Finds) else row


class Pipeline:
    """All filters of a stage, in order."""

    def __init__(self, filters: Sequence[FilterComponent], context: Context) -> None:
        self.drawn = 0
        self._hiding = [f for f in filters if isinstance(f, Hides)]
        self._steps = [Step(_label(filters, i), f, context) for i, f in enumerate(filters)]

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts of one problem that all filters keep."""
        self.drawn += len(drafts)
        left = list(drafts)
        for step in self._steps:
            step.survey(drafts)
        for step in self._steps:
            if not left:
                break
            left = step(left)
        return left

    def rows(self) -> list[dict[str, Any]]:
        """The yield table: `step`, `in`, `out`, `dropped`, `changed`; what was dropped and kept by the
        checker's verdict (`dropped_correct`, ...); examples of what was dropped; `found` if a filter has
        results to report.
        """
        return [step.row(self._hiding) for step in self._steps]

    def hidden(self, text: str) -> str:
        """A text for the audit without what a filter of this pipeline hides."""
        for filter in self._hiding:
            text = filter.hide(text)
        return text


def _label(filters: Sequence[FilterComponent], position: int) -> str:
    """The filter's kind, numbered from its second use on."""
    kind = str(filters[position].kind)
    before = sum(f.kind == kind for f in filters[:position])
    return f"{kind} ({before + 1})" if before else kind


def _word(verdict: Verdict) -> str:
    return "unscored" if verdict.correct is None else "correct" if verdict.correct else "wrong"


_VERDICTS = [f"{way}_{word}" for way in ("dropped", "passed") for word in ("correct", "wrong", "unscored")]


def _key(draft: Draft) -> str:
    """What identifies a draft."""
    return f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index:06d}"


def _shown(draft: Draft, reason: str, hiding: Sequence[Hides]) -> dict[str, Any]:
    """A draft as the audit shows it: private texts are hidden first, then it is shortened."""
    item = {"task": draft.task, "problem": draft.problem.id, "reason": reason, "text": draft.text}
    if draft.example.rejected is not None:
        item["rejected"] = draft.example.rejected
    for filter in hiding:
        item = {key: filter.hide(text, draft.everything) for key, text in item.items()}
    return {key: text[:LONGEST] for key, text in item.items()} | {"index": draft.index}
