"""The report in numbers: summary.json, to which sections add keys of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from eval.report.overview import faults, spent
from eval.report.overview.comparisons import StageComparison
from eval.report.overview.headline import headline
from eval.report.plots.style import MethodStyle, methods_of
from eval.report.view import LoadedStage, PointRow, tasks_of

VERSION = 2


def summarise(stages: Sequence[LoadedStage], comparisons: Sequence[StageComparison]) -> dict[str, Any]:
    """The content of summary.json: plain JSON data in a stable order, undefined numbers as None."""
    return {
        "version": VERSION,
        "headline": headline(stages, comparisons),
        "tasks": tasks_of(stages),
        "stages": [_stage(stage, methods_of(stages)) for stage in stages],
        "comparisons": [_known(asdict(c)) for c in comparisons],
        "failures": faults.as_data(stages),
        "compute": spent.totals(stages),
    }


def _known(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for what is undefined (a p-value of one problem)."""
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in numbers.items()}


def _stage(stage: LoadedStage, methods: Sequence[MethodStyle]) -> dict[str, Any]:
    kinds = {a.curve: a.kind for a in stage.answers}
    return {
        "stage": stage.label,
        "model": stage.view.model,
        "run": stage.view.run,
        "problems": len({a.key for a in stage.answers}),
        "results": [
            _result(point, method, kinds.get(method.strategy, ""))
            for method in methods
            for point in stage.points
            if point.method == (method.strategy, method.scorer)
            and (point.measured or method.ceiling or point.numbers["samples"] == 1)
        ],
    }


def _result(point: PointRow, method: MethodStyle, kind: str) -> dict[str, Any]:
    head = {
        "task": point.task,
        "strategy": method.strategy,
        "scorer": method.scorer,
        "kind": kind,
        "ceiling": method.ceiling,
    }
    return {**head, "origin": point.text["origin"], **point.numbers}
