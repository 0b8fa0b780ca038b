"""The x-axis of accuracy plots: the costs of a point, and which of them are known.

FLOPs come first. If those of a model are unknown (it is behind a server, and its size was not stated), tokens
are used, which every stage has; unknown costs are never shown as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.view import LoadedStage, PointRow


@dataclass(frozen=True, slots=True)
class CostAxis:
    """A cost to draw over: the sum of `columns`."""

    label: str
    brief: str
    unit: str
    columns: tuple[str, ...]

    def of(self, point: PointRow) -> float:
        """The cost of a point; NaN if it is unknown."""
        return sum(point.number(column) for column in self.columns)


SHARED = CostAxis(
    "FLOPs per problem, shared prefixes counted once", "FLOPs (shared)", "FLOPs", ("flops_shared",)
)
TOKENS = CostAxis(
    "tokens per problem, prompt and generated", "tokens", "tokens", ("prompt_tokens", "completion_tokens")
)
AXES = (
    SHARED,
    CostAxis("FLOPs per problem, without reuse", "FLOPs (logical)", "FLOPs", ("flops_logical",)),
    CostAxis("FLOPs per problem, with the engine's own cache", "FLOPs (engine)", "FLOPs", ("flops_engine",)),
    TOKENS,
    CostAxis("generated tokens per problem", "generated", "tokens", ("completion_tokens",)),
    CostAxis("engine seconds per problem", "seconds", "s", ("seconds",)),
    CostAxis("latency, median over problems", "latency p50", "s", ("latency_p50",)),
)


def uncounted(stages: Sequence[LoadedStage]) -> list[str]:
    """Labels of the stages with points whose FLOPs are unknown."""
    return [
        s.label
        for s in stages
        if any(p.numbers["flops_shared"] is None and _has_accuracy(p) for p in s.points)
    ]


def axis_of(stages: Sequence[LoadedStage]) -> CostAxis:
    """The main axis."""
    return TOKENS if uncounted(stages) else SHARED


def axes_of(stages: Sequence[LoadedStage]) -> tuple[CostAxis, ...]:
    """All axes that can be selected, the main one first; those that no stage knows are left out."""
    points = [p for s in stages for p in s.points if _has_accuracy(p)]
    known = [axis for axis in AXES if not points or any(axis.of(p) == axis.of(p) for p in points)]
    main = axis_of(stages)
    return tuple(sorted(known, key=lambda axis: axis is not main))


def note(stages: Sequence[LoadedStage]) -> str:
    """The note about unknown FLOPs; "" if all are known."""
    absent = uncounted(stages)
    if not absent:
        return ""
    return (
        f"FLOPs are not known for {', '.join(absent)} (a model on a server whose size is not "
        "given). Accuracy is therefore shown over tokens, which do not reflect the size of a "
        "model."
    )


def _has_accuracy(point: PointRow) -> bool:
    return point.numbers["accuracy"] is not None
