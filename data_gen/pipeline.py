"""Applies the filters and counts.

The pipeline passes the drafts of one problem through every filter in the listed order and has one row of
yield per filter: how many came in, were changed and were kept, and up to twenty of the dropped ones. Those
are chosen by the smallest hash of their content, so they do not depend on the order of problems. Dropped and
kept examples are also counted by the checker's verdict, which shows whether a filter was right. Nothing is
shown that a filter hides (secrets, personal data), at any position in the list. Memory is that of the
filters.

A pipeline may have only a part of the filters, and only a part of the problems: its `state` is merged into
that of another process, in the order of the problems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from data_gen.drafts import Draft
from data_gen.filters.base import (
    Context,
    FilterComponent,
    Finds,
    FindsInParts,
    Hides,
    Screen,
    Surveys,
    mended,
)
from lab.core.types import Verdict
from lab.errors import StageError
from lab.statistics.bottom_k import BottomK, salted
from lab.statistics.sums import add_pairs, count_of, pairs

SHOWN = 20
LONGEST = 1000


class Step:
    """One filter with its screen, its counts, and a sample of what it dropped.

    `hiding` filters remove private texts from what is shown. The screen is opened when it is first used,
    because some load a model.
    """

    def __init__(
        self, label: str, filter: FilterComponent, context: Context, hiding: Sequence[Hides] = ()
    ) -> None:
        self.label, self._filter, self._context, self._hiding = label, filter, context, hiding
        self.came = self.went = self.changed = 0
        self._finds: bool | None = None
        self._verdicts: Counter[str] = Counter()
        self._dropped = BottomK[Callable[[], dict[str, Any]]](SHOWN, salted(label))

    @cached_property
    def _screen(self) -> Screen:
        return self._filter.open(self._context)

    def survey(self, drawn: Sequence[Draft] | None) -> None:
        """Passes all examples to a screen that needs them, before any filter has seen them. Raises StageError
        if it needs them and they are not known.
        """
        if isinstance(self._screen, Surveys):
            if drawn is None:
                raise StageError(
                    f"filter '{self.label}' must state that it `surveys` (data_gen/filters/base.py)"
                )
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
                self._dropped.add(_key(draft), partial(_shown, draft, reason, self._hiding))
            else:
                kept.append(draft)
        self.came += len(drafts)
        self.went += len(kept)
        return kept

    def state(self) -> dict[str, Any]:
        """JSON-able values for `merge`. Raises StageError if the filter's results cannot be merged."""
        if isinstance(self._screen, Finds) and not isinstance(self._screen, FindsInParts):
            raise StageError(
                f"filter '{self.label}' cannot be used in parts: its screen lacks `state` and `merge`"
            )
        return {
            "counts": [self.came, self.went, self.changed],
            "verdicts": pairs(self._verdicts),
            "dropped": self._dropped.state(lambda item: item()),
            "found": self._screen.state() if isinstance(self._screen, FindsInParts) else None,
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds the counts of a part that follows."""
        came, went, changed = map(count_of, state["counts"])
        self.came, self.went, self.changed = self.came + came, self.went + went, self.changed + changed
        add_pairs(self._verdicts, state["verdicts"])
        self._dropped.merge(state["dropped"], lambda shown: lambda: shown)
        self._finds = state["found"] is not None
        if self._finds:
            assert isinstance(self._screen, FindsInParts)
            self._screen.merge(state["found"])

    def row(self) -> dict[str, Any]:
        """Its row of yield."""
        row: dict[str, Any] = {
            "step": self.label,
            "in": self.came,
            "out": self.went,
            "dropped": self.came - self.went,
            "changed": self.changed,
            **{key: self._verdicts[key] for key in _VERDICTS},
            "examples": [shown() for shown in self._dropped.ordered()],
        }
        if self._finds is not False and isinstance(self._screen, Finds):  # parts have said whether it does
            row["found"] = dict(self._screen.found())
        return row


class Pipeline:
    """The filters of a stage, in order, or those from `start` to `end`."""

    def __init__(
        self,
        filters: Sequence[FilterComponent],
        context: Context,
        *,
        start: int = 0,
        end: int | None = None,
    ) -> None:
        hiding = hiding_of(filters)
        steps = [Step(_label(filters, i), f, context, hiding) for i, f in enumerate(filters)]
        self._steps = steps[start:end]

    def __call__(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Those of the drafts made from one source that all filters keep."""
        return self.remaining(drafts, drafts)

    def remaining(self, drafts: Sequence[Draft], drawn: Sequence[Draft] | None) -> list[Draft]:
        """The same if other filters have kept `drafts` of those `drawn`; None: they are not known here."""
        left = list(drafts)
        for step in self._steps:
            step.survey(drawn)
        for step in self._steps:
            if not left:
                break
            left = step(left)
        return left

    def state(self) -> list[dict[str, Any]]:
        """JSON-able values for `merge`."""
        return [step.state() for step in self._steps]

    def merge(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Adds the counts of a part that follows."""
        for step, counts in zip(self._steps, state, strict=True):
            step.merge(counts)

    def rows(self) -> list[dict[str, Any]]:
        """The yield table: `step`, `in`, `out`, `dropped`, `changed`; what was dropped and kept by the
        checker's verdict (`dropped_correct`, ...); examples of what was dropped; `found` if a filter has
        results to report.
        """
        return [step.row() for step in self._steps]


def hiding_of(filters: Sequence[FilterComponent]) -> list[Hides]:
    """Those that hide private texts."""
    return [f for f in filters if isinstance(f, Hides)]


def hidden(hiding: Sequence[Hides], text: str) -> str:
    """A text for the audit without what these filters hide."""
    for filter in hiding:
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
