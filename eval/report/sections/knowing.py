"""Does the model know when it is right, does it say so when it does not know, and can it correct its answers?

The section is there where a stage has confidences, abstentions, unanswerable questions or corrections. The
numbers are those of eval/analysis/self_knowledge/knowing.py; what reads the gold is grey, said to, and never
compared.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.analysis import EvaluatedStage
from eval.analysis.self_knowledge.knowing import Knowing, know
from eval.report.plots.plot import Plot
from eval.report.plots.style import dash_of, methods_of, named
from eval.report.sections.knowing_plots import plots_of
from eval.report.sections.knowing_tables import tables_of
from eval.report.sections.studied_plots import Name
from eval.report.tables import Table
from eval.report.view import LoadedStage


def rows_of(stages: Sequence[LoadedStage]) -> Knowing:
    """The analysis of the stages; the first is the base of what changed between stages."""
    return know([EvaluatedStage(s.label, s.view.model, s.view.folder) for s in stages])


def tables(found: Knowing, stages: Sequence[LoadedStage]) -> list[Table]:
    """Every table there are rows for."""
    return tables_of(found, Names(stages))


def plots(found: Knowing, stages: Sequence[LoadedStage]) -> list[Plot]:
    """Every plot there are rows for."""
    return plots_of(found, Names(stages))


class Names:
    """(stage, strategy label) -> how it is called and drawn, the same as on the curve."""

    def __init__(self, stages: Sequence[LoadedStage]) -> None:
        looks = {(m.strategy, m.scorer): m for m in methods_of(stages)}
        several = len(stages) > 1
        self._known: dict[tuple[str, str], Name] = {}
        for stage in stages:
            dash = dash_of(stage.index, len(stages))
            for label, rows in stage.by_strategy().items():
                look = looks.get((rows[0].curve, rows[0].scorer))
                gold = rows[0].ceiling or rows[0].scorer == "oracle"
                said = f"{label} (uses the gold)" if gold else named(label, rows[0].scorer)
                said = f"{stage.label} · {said}" if several else said
                hue, marker = (look.hue, look.marker) if look else (0, 0)
                self._known[stage.label, label] = Name(said, -1 if gold else hue, marker, dash)

    def __call__(self, stage: str, strategy: str) -> Name:
        """How a method is called and drawn."""
        return self._known.get((stage, strategy)) or Name(strategy, -1, 0)
