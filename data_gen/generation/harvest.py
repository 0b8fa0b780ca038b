"""What becomes of each outcome: its examples are checked once, pass the filters, and are counted.

There are two steps. The first belongs to the problem alone: the drafts, the local filters up to the first
that is not local, and the audit of what was made. The second needs all problems in order: the other filters,
and the audit of what is kept. In one process one follows the other. A part of the stage does the first, and
both if all filters are local; its `state` is merged into the harvest of the stage, in the order of the
problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data_gen.audit import Audit
from data_gen.drafts import Draft, draft_of
from data_gen.filters.base import Context
from data_gen.generation.settings import CorpusSettings, near_rule, ngram
from data_gen.pipeline import Pipeline, hidden, hiding_of
from data_gen.source import SourceItem
from lab.core.failures import FailureCount, Failures
from lab.core.scheduling.scheduler import Outcome
from lab.core.types import Example
from lab.statistics.bottom_k import BottomK, salted

SAMPLES_IN_CARD = 5


class Harvest:
    """Counts a stage, or a `part` of it."""

    def __init__(self, settings: CorpusSettings, *, part: bool = False) -> None:
        filters, tests = settings.filters, settings.tests
        context, cut = Context(tests, part), settings.local_filters
        self._tasks = {task.label: task for task in settings.tasks}
        self._first = Pipeline(filters, context, end=cut)
        self._second = Pipeline(filters, context, start=cut)
        self._hiding = hiding_of(filters)
        self.audit = Audit(list(self._tasks), tests, ngram(filters), near_rule(filters), limited=not part)
        most = 1.0 if part else settings.max_failed  # a part alone cannot say that too many have failed
        self.failures = Failures(most, what="method", hidden=self._hidden)
        self.shown = BottomK[dict[str, Any]](SAMPLES_IN_CARD, salted(""))

    def made(self, item: SourceItem, outcome: Outcome[list[Example]]) -> list[Draft] | None:
        """All drafts of an outcome; None if it has failed, which is counted. Raises StageError if so many
        have failed that the stage must end now.
        """
        label, problem = item
        self.failures.add(outcome)
        if outcome.result is None:
            self.audit.fail(label, problem, self._hidden(outcome.error))
            return None
        checker = self._tasks[label].checker
        drafts = [draft_of(label, checker, problem, example) for example in outcome.result]
        self.audit.draw(label, problem, drafts)
        return drafts

    def left(self, drawn: Sequence[Draft]) -> list[Draft]:
        """The first step: what the local filters keep of the drafts of one problem."""
        return self._first(drawn)

    def kept(self, label: str, left: Sequence[Draft], drawn: Sequence[Draft] | None) -> list[Draft]:
        """The second step: what the other filters keep; `drawn` is None if it is no longer known."""
        kept = self._second.remaining(left, drawn)
        self.audit.keep(label, kept)
        for draft in kept:
            self.shown.add(*_sample(draft))
        return kept

    def rows(self) -> list[dict[str, Any]]:
        """The yield table (see `Pipeline.rows`)."""
        return [*self._first.rows(), *self._second.rows()]

    def state(self) -> dict[str, Any]:
        """JSON-able values of a part for `merge`."""
        return {
            "failures": {name: asdict(count) for name, count in self.failures.counts().items()},
            "steps": self._first.state(),
            "audit": self.audit.state(),
            "shown": self.shown.state(),
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Adds a part that follows. Raises StageError as `made` does, and what `Audit.merge` does."""
        self._first.merge(state["steps"])
        self.audit.merge(state["audit"])
        self.shown.merge(state["shown"])
        self.failures.absorb({name: FailureCount(**count) for name, count in state["failures"].items()})

    def _hidden(self, text: str) -> str:
        return hidden(self._hiding, text)


def _sample(draft: Draft) -> tuple[str, dict[str, Any]]:
    """A kept example as the card shows it."""
    item = {"problem": draft.problem.id, "question": draft.question, "completion": draft.text}
    return f"{draft.task}\x1f{draft.problem.id}\x1f{draft.index:06d}", item
