"""The name and style of a method in all plots: the same as in the curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.analysis.inputs.outcomes import Method
from eval.report.plots.style import dash_of, methods_of, named
from eval.report.view import LoadedStage


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """The name of a method, and its style; `hue` -1 is grey: it uses the gold."""

    label: str
    hue: int
    marker: int
    dash: tuple[int, ...] = ()


class Legend:
    """The entries of the methods of all stages; the stage is named if there are several."""

    def __init__(self, stages: Sequence[LoadedStage], methods: Sequence[Method]) -> None:
        self._stages = stages
        self._looks = {(m.strategy, m.scorer): m for m in methods_of(stages)}
        self._curves = self._of_curves(methods)
        self._answers = self._of_answers()

    def curve(self, method: str) -> LegendEntry:
        """Of the id of a method in the analysis of curves ("stage/strategy")."""
        return self._curves.get(method) or LegendEntry(method, -1, 0)

    def answers(self, stage: str, strategy: str) -> LegendEntry:
        """Of the answers of a strategy, by the strategy's label."""
        return self._answers.get((stage, strategy)) or LegendEntry(strategy, -1, 0)

    def _of_curves(self, methods: Sequence[Method]) -> dict[str, LegendEntry]:
        dashes = {s.label: dash_of(s.index, len(self._stages)) for s in self._stages}
        found = {}
        for m in methods:
            look = self._looks.get((m.strategy, m.scorer))
            label = self._called(m.stage, look.label if look else m.strategy)
            hue, marker = (-1 if m.ceiling else look.hue, look.marker) if look else (-1, 0)
            found[m.id] = LegendEntry(label, hue, marker, dashes.get(m.stage, ()))
        return found

    def _of_answers(self) -> dict[tuple[str, str], LegendEntry]:
        found = {}
        for stage in self._stages:
            dash = dash_of(stage.index, len(self._stages))
            for label, rows in stage.by_strategy().items():
                look = self._looks.get((rows[0].curve, rows[0].scorer))
                gold = rows[0].ceiling or rows[0].scorer == "oracle"
                name = f"{label} (uses the gold)" if gold else named(label, rows[0].scorer)
                hue, marker = (look.hue, look.marker) if look else (0, 0)
                name = self._called(stage.label, name)
                found[stage.label, label] = LegendEntry(name, -1 if gold else hue, marker, dash)
        return found

    def _called(self, stage: str, label: str) -> str:
        return f"{stage} · {label}" if len(self._stages) > 1 else label
