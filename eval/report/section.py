"""The interface of the report's sections.

A section answers one question. It is one module in sections/ with a function `section(inputs) -> Section` and
one line in the registry there. The page, the figures, the CSV files, summary.json, analysis.json and
results.md iterate over the sections; none of them knows one by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.analysis import Analysis
from eval.analysis.self_knowledge.analysis import SelfKnowledge
from eval.report.plots.legend import Legend
from eval.report.plots.plot import Plot
from eval.report.tables import Table
from eval.report.trained_models import CorpusFacts
from eval.report.view import LoadedStage


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """The inputs of sections: the stages, and the analyses that several sections share, computed once.

    `corpora`: those that the run made, whether a model was trained on them or not. `legend`: names and styles
    of methods.
    """

    stages: Sequence[LoadedStage]
    corpora: Sequence[CorpusFacts]
    analysis: Analysis
    self_knowledge: SelfKnowledge
    legend: Legend


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of the page, with the sections below it.

    `printed`: its place in results.md, from 1; 0: its tables are not printed there. The page begins with what
    is printed.
    """

    id: str
    title: str
    note: str
    printed: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """The answer to one question. `id` is the name of its module.

    `tables` and `plots` are empty if nothing was measured; then the page does not show the section. `data`
    and `summary` are plain JSON data: the section's keys of analysis.json and summary.json; a key whose value
    is a mapping may be shared with other sections. `files`: name -> content of further files. `headline`: a
    sentence for the top of the page, or "".
    """

    id: str
    title: str
    chapter: Chapter
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    headline: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.tables and not self.plots
