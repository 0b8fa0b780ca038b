"""One problem's plan: the method's examples, and the scores of filters that use a model.

A filter with `annotate` (a judge's rating, a reward model's score) calls its model within the problem's own
plan, so its compute is charged and its requests join the engine's batch. It is called only for examples that
the filters before it keep, as far as these judge one problem at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from data_gen.drafts import draft_of
from data_gen.filters.base import Context, FilterComponent, Screen, Surveys, mended
from data_gen.methods.base import MethodComponent
from data_gen.source import Source
from lab.core.types import Example, Plan


@runtime_checkable
class Annotates(Protocol):
    """The interface of a filter that calls a model about examples before it judges them."""

    def annotate(self, source: Source, examples: Sequence[Example]) -> Plan[list[Mapping[str, Any]]]:
        """For each example the entries for its `meta`."""
        ...


class Maker:
    """Makes the plans of a stage, with the filters up to the last one that annotates."""

    def __init__(self, method: MethodComponent, filters: Sequence[FilterComponent], context: Context) -> None:
        self._method = method
        last = max((i for i, f in enumerate(filters) if isinstance(f, Annotates)), default=-1)
        self._filters: list[tuple[FilterComponent, Screen | None]] = [
            (f, f.open(context) if f.local and i < last else None) for i, f in enumerate(filters[: last + 1])
        ]

    def plan(self, task: str, source: Source) -> Plan[list[Example]]:
        """All examples of one problem, in the method's order, annotated."""
        examples = yield from self._method.generate(source)
        alive = list(range(len(examples)))
        for filter, screen in self._filters:
            if alive and isinstance(filter, Annotates):
                found = yield from filter.annotate(source, [examples[i] for i in alive])
                for i, meta in zip(alive, found, strict=True):
                    examples[i] = replace(examples[i], meta={**examples[i].meta, **meta})
            if alive and screen is not None:
                if isinstance(screen, Surveys):
                    screen.survey([draft_of(task, source.checker, source.problem, e) for e in examples])
                drafts = [draft_of(task, source.checker, source.problem, examples[i]) for i in alive]
                alive = [
                    i for i, reason in zip(alive, screen(mended(filter, drafts)), strict=True) if not reason
                ]
        return examples
