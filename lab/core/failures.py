"""Decides when so many answers failed that a strategy has no number.

If some answers of a strategy (or data method) fail, it still has a number, reported with its failures. If all
fail, or more than the share `max_failed`, it has none: the stage ends with one message and is not marked as
finished. The same holds for single completions, of which a strategy can lose some without losing the answer.
Failures are counted per strategy, because each strategy is a separate result. Failures of the engine and
exceptions raised by a plan count alike; the message distinguishes them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.core.scheduling.jobs import Outcome
from lab.errors import StageError
from lab.system.terminal import safe

log = logging.getLogger(__name__)

FIRST = 64
"""If this many first answers of a strategy all fail, the stage ends early."""
MAX_FAILED = 0.05
"""The default of `max_failed`: the maximum share of a strategy's answers, and of its completions, that may
fail.
"""
LONGEST = 600
"""Maximum number of characters of a reason in a message."""
LOGGED = 5
"""Maximum number of tracebacks in the log."""


@dataclass(slots=True)
class FailureCount:
    """Counts one strategy's answers and failures (`raised`: by the plan's own code), and keeps the first
    reason.

    `lost` of its `completions` could not be generated. An answer may not need all of them. `opening`: how
    many failed before the first that did not.
    """

    answers: int = 0
    failed: int = 0
    raised: int = 0
    completions: int = 0
    lost: int = 0
    opening: int = 0
    first: str = ""

    def add(self, outcome: Outcome[Any]) -> None:
        """Counts one more answer."""
        failed, reason = outcome.result is None, outcome.reason or outcome.why
        first = f"problem {outcome.job.group}: {reason}"[:LONGEST] if reason else ""
        raised = failed and outcome.fault == "plan"
        requests, lost = outcome.cost.requests, outcome.lost
        self.absorb(FailureCount(1, int(failed), int(raised), requests, lost, int(failed), first))

    def absorb(self, later: FailureCount) -> None:
        """Adds the count of the answers that follow."""
        if self.opening == self.answers:
            self.opening += later.opening
        self.answers += later.answers
        self.failed += later.failed
        self.raised += later.raised
        self.completions += later.completions
        self.lost += later.lost
        self.first = self.first or later.first

    def fault(self, max_failed: float, noun: str, made: str) -> str:
        """Why there is no valid number; "" if there is one. `noun`: what an answer is called; `made`: what is
        made from it.
        """
        if self.answers and self.failed == self.answers:
            all_of = f"all of its {self.answers:,} {noun}s" if self.answers > 1 else f"its only {noun}"
            return f"{all_of} failed, so nothing was {made}"
        for share, of, what in (
            (self.failed, self.answers, f"{noun}s failed"),
            (self.lost, self.completions, "completions could not be generated"),
        ):
            if share > max_failed * of:
                more = f"more than max_failed: {max_failed:g} allows"
                return f"{share:,} of {of:,} {what} ({share / of:.0%}, {more})"
        return ""


class Failures:
    """Counts the outcomes of a stage by strategy. Raises StageError if a strategy has too many failures.

    `what` is the word for a strategy in messages: "strategy" or "method". `hidden` removes secrets from what
    is written to the log.
    """

    def __init__(
        self, max_failed: float, *, what: str = "strategy", hidden: Callable[[str], str] = str
    ) -> None:
        self._max_failed, self._what, self._hidden = max_failed, what, hidden
        self._counts: dict[str, FailureCount] = {}

    def add(self, outcome: Outcome[Any]) -> None:
        """Adds one outcome, in job order. Raises StageError if all of a strategy's first FIRST answers
        failed.
        """
        strategy = outcome.job.strategy
        self._counts.setdefault(strategy, FailureCount()).add(outcome)
        if outcome.error and sum(c.failed for c in self._counts.values()) <= LOGGED:
            where = f"{self._what} '{strategy}', problem {outcome.job.group}"
            log.warning("%s failed:\n%s", safe(where), safe(self._hidden(outcome.error)))
        self._check_opening(strategy)

    def counts(self) -> dict[str, FailureCount]:
        """Strategy -> its count, without secrets; see `absorb`."""
        return {name: replace(c, first=self._hidden(c.first)) for name, c in self._counts.items()}

    def absorb(self, later: Mapping[str, FailureCount]) -> None:
        """Adds the counts of the outcomes that follow, which another process made. Raises StageError as `add`
        does.
        """
        for strategy, count in later.items():
            self._counts.setdefault(strategy, FailureCount()).absorb(count)
        for strategy in later:
            self._check_opening(strategy)

    def check(self) -> None:
        """Raises StageError if a strategy has too many failures. To be called after the last outcome."""
        if wrong := [strategy for strategy in self._counts if self._fault(strategy)]:
            raise StageError(self._message(wrong))

    def summary(self) -> dict[str, Any]:
        """Totals over all strategies: answers, completions, failures of both, and the first reason."""
        counts = list(self._counts.values())
        total = {
            name: sum(getattr(c, name) for c in counts)
            for name in ("answers", "failed", "completions", "lost")
        }
        first = next((c.first for c in counts if c.first), "")
        return total | {"first": self._hidden(first)}

    def _check_opening(self, strategy: str) -> None:
        count = self._counts[strategy]
        if count.opening >= FIRST and self._max_failed < 1:
            self._counts[strategy] = replace(
                count, answers=FIRST, failed=FIRST, raised=min(count.raised, FIRST)
            )
            raise StageError(self._message([strategy]) + f" It was stopped after {FIRST} problems.")

    def _fault(self, strategy: str) -> str:
        return self._counts[strategy].fault(self._max_failed, *_WORDS[self._what])

    def _message(self, strategies: list[str]) -> str:
        """The message: the first strategy's failures, the names of the others, and what to do."""
        name, *others = strategies
        count = self._counts[name]
        likewise = f" (also {_listed(others)})" if others else ""
        first = f". First failure: {count.first}" if count.first else ""
        raised = f" ({count.raised:,} of them raised by the {self._what} itself)" if count.raised else ""
        which = _ADVICE[self._what] if count.failed == count.answers else _ADVICE["some"]
        text = f"{self._what} '{name}'{likewise}: {self._fault(name)}{raised}{first}"
        return self._hidden(f"{text.rstrip('.')}. {which}")


def reason_of(traceback: str) -> str:
    """Why an answer failed, in one line: the exception without its traceback."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    return _OWN.sub("", lines[-1]) if lines else "no reason was recorded"


def _listed(names: list[str], most: int = 5) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


_OWN = re.compile(r"^lab\.(?:core\.)?errors\.\w+: ")  # lab.core: in tracebacks of earlier versions
_WORDS = {"strategy": ("answer", "measured"), "method": ("problem", "made")}
_KEPT = "All completions so far are kept; run the same command again to continue."
_ADVICE = {
    "strategy": f"Fix the cause, or remove the strategy from the stage. {_KEPT}",
    "method": f"Fix the cause. {_KEPT}",
    "some": f"Fix the cause, or allow more failures with max_failed. {_KEPT}",
}
