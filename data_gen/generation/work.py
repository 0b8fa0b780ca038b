"""The problems of a generate stage, their plans, and who writes what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from data_gen.filters.base import Context
from data_gen.generation.part import GeneratePart, part_in
from data_gen.generation.product import GenerateProduct, product_in
from data_gen.generation.settings import CorpusSettings
from data_gen.making import Maker
from data_gen.source import Source, SourceItem, Sources
from lab.core.scheduling.scheduler import Job
from lab.core.seeds import derive_seed
from lab.core.types import Example
from lab.formats.manifest import unfilled


class Generation:
    """A `SplitWork` (`lab.core.scheduling.split`). Nothing is read or loaded before it is used.

    Raises InputError for a task without problems, and for two with the same label or problem id.
    """

    def __init__(self, settings: CorpusSettings) -> None:
        self.settings = settings
        self._sources = Sources(settings.tasks, settings.run_seed)

    @cached_property
    def _maker(self) -> Maker:
        settings = self.settings
        return Maker(settings.method, settings.filters, Context(settings.tests))

    @property
    def total(self) -> int | None:
        """The number of problems; None if they are streamed."""
        return self._sources.total

    def notes(self) -> list[str]:
        """Which tasks have fewer problems than requested."""
        return [note for task, count in self._sources.counts() if (note := unfilled(task, count))]

    def items(self) -> Iterator[SourceItem]:
        """The problems in reading order, once."""
        return iter(self._sources)

    def problem(self, item: SourceItem) -> str:
        """The id of its problem."""
        return item[1].id

    def cases(self, item: SourceItem) -> Iterator[tuple[SourceItem, Job[list[Example]]]]:
        """One job."""
        label, problem = item
        task = self._sources.task(label)
        seed = derive_seed(self.settings.run_seed, problem.id, "method")
        sampling, others = self.settings.sampling_of(task), self._sources.others(task)
        source = Source(problem, sampling, task.checker, seed, others)
        yield item, Job(problem.id, self.settings.method.kind, self._maker.plan(label, source))

    def part(self, folder: Path) -> AbstractContextManager[GeneratePart]:
        """Writes one shard into an empty folder."""
        return part_in(folder, self.settings)

    def product(self, folder: Path) -> AbstractContextManager[GenerateProduct]:
        """Writes the corpus and all that belongs to it into the stage's folder."""
        return product_in(folder, self.settings, lambda: self.total)
