"""The report in numbers: summary.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.report import compute, faults
from eval.report.compared import Comparison
from eval.report.headline import headline
from eval.report.style import Method, methods_of
from eval.report.view import Point, Stage, tasks_of

VERSION = 1


def summarise(stages: Sequence[Stage], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The content of summary.json: plain JSON data in a stable order, undefined numbers as None."""
    return {
        "version": VERSION,
        "headline": headline(stages, comparisons),
        "tasks": tasks_of(stages),
        "stages": [_stage(stage, methods_of(stages)) for stage in stages],
        "comparisons": [asdict(c) for c in comparisons],
        "failures": faults.as_data(stages),
        "compute": compute.totals(stages),
    }


def as_json(summary: Mapping[str, Any]) -> str:
    """Strict JSON (no NaN) with a final newline."""
    return json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _stage(stage: Stage, methods: Sequence[Method]) -> dict[str, Any]:
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
            and (point.measured or method.ceiling or point.numbers["n"] == 1)
        ],
    }


def _result(point: Point, method: Method, kind: str) -> dict[str, Any]:
    head = {
        "task": point.task,
        "strategy": method.strategy,
        "scorer": method.scorer,
        "kind": kind,
        "ceiling": method.ceiling,
    }
    return {**head, "origin": point.text["origin"], **point.numbers}
