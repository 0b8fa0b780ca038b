"""The style of a method and a stage, the same in the page and in the figures.

Colour (Okabe-Ito, slightly darker for lines on white) and marker shape show the method; the dash shows the
stage: the last one is solid, earlier ones are dashed. A filled marker is measured, a hollow one derived from
a larger pool. Colour is thus never the only distinction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.view import LoadedStage

LIGHT_HUES = ("#0072B2", "#D55E00", "#008F68", "#B0568F", "#B57A00", "#2F8FC4", "#7A6A00", "#6B4FA0")
DARK_HUES = ("#5BB0EA", "#F08A4B", "#2CC69A", "#E29AC4", "#F0B429", "#8AD0F5", "#E6DC5A", "#B39DDB")
MARKERS = ("circle", "square", "triangle", "diamond", "down", "pentagon", "star", "plus")
MATPLOTLIB_MARKERS = ("o", "s", "^", "D", "v", "p", "*", "P")
DASHES: tuple[tuple[int, ...], ...] = ((), (6, 4), (2, 3), (9, 3, 2, 3), (12, 5), (2, 6))


@dataclass(frozen=True, slots=True)
class MethodStyle:
    """A (strategy, scorer) pair with its style; `ceiling`: uses the gold, drawn grey and never a result."""

    strategy: str
    scorer: str
    ceiling: bool
    hue: int
    marker: int

    @property
    def label(self) -> str:
        """The strategy's label, with its scorer if the label does not name it."""
        return self.strategy if self.ceiling else named(self.strategy, self.scorer)


def named(strategy: str, scorer: str) -> str:
    """The strategy's label, with its scorer if the label does not name it."""
    return strategy if not scorer or scorer in strategy else f"{strategy} · {scorer}"


def methods_of(stages: Sequence[LoadedStage]) -> list[MethodStyle]:
    """Every (strategy, scorer) of the points, in order of appearance, ceilings last."""
    gold = {a.curve for s in stages for a in s.answers if a.ceiling}
    pairs = list(dict.fromkeys(p.method for s in stages for p in s.points))
    ceilings = {pair for pair in pairs if pair[1] == "oracle" or pair[0] in gold}
    ordered = [p for p in pairs if p not in ceilings] + [p for p in pairs if p in ceilings]
    return [
        MethodStyle(strategy, scorer, (strategy, scorer) in ceilings, i % 8, (i + 3 * (i // 8)) % 8)
        for i, (strategy, scorer) in enumerate(ordered)
    ]


def dash_of(stage: int, stages: int) -> tuple[int, ...]:
    """The dash pattern (pixels on, off, ...) of a stage: the last is solid."""
    return DASHES[(stages - 1 - stage) % len(DASHES)]
