"""The report in numbers: summary.json and the sentences at the top of the page.

The headline is computed and never says more than the intervals do: where the interval of a paired
difference includes zero, the sentence says that no difference was shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.report import compute, faults
from eval.report.compared import Comparison
from eval.report.figure import stage_label
from eval.report.numbers import decimal, interval, probability, quantity
from eval.report.style import Method, methods_of
from eval.report.view import Point, Stage, tasks_of

VERSION = 1
COST_COLUMNS = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "flops_logical",
    "flops_shared",
    "flops_engine",
    "seconds",
)


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
    kinds = {a.strategy: a.kind for a in stage.answers}
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


def headline(stages: Sequence[Stage], comparisons: Sequence[Comparison]) -> list[str]:
    """One sentence on training, one on inference-time compute; what cannot be said from these files is left out."""
    task = next(iter(tasks_of(stages)), "")
    sentences = [_on_training(stages, comparisons, task), _on_compute(stages, comparisons, task)]
    said = [s for s in sentences if s]
    return said or ["Nothing was measured: there is no scored answer in these stages."]


def _on_training(stages: Sequence[Stage], comparisons: Sequence[Comparison], task: str) -> str:
    if not stages:
        return ""
    strategy = _reference(stages[-1])
    after = measured(stages[-1], strategy, task)
    if after is None:
        return ""
    own = f"{stage_label(stages[-1])} reaches {_accuracy(after)} at {strategy}"
    before = measured(stages[0], strategy, task) if len(stages) > 1 else None
    if before is None:
        return f"{own} (n = {after.number('problems'):.0f} problems, 95 % CI)."
    pair = next(
        (c for c in comparisons if c.kind == "models" and c.task == task and c.strategy == strategy), None
    )
    return f"{own} against {_accuracy(before)} for {stage_label(stages[0])}" + (
        f"; {_difference(pair)}." if pair else "."
    )


def _difference(pair: Comparison) -> str:
    shown = f"paired difference {interval(pair.difference, pair.low, pair.high, 2, sign=True)}, n = {pair.problems} shared problems"
    return (
        shown
        if pair.low > 0 or pair.high < 0
        else f"{shown}: the interval includes 0, so no difference is shown"
    )


def _on_compute(stages: Sequence[Stage], comparisons: Sequence[Comparison], task: str) -> str:
    """The strategy with the highest measured gain over greedy in the last stage; Holm pays for having looked."""
    mine = [
        c for c in comparisons if c.kind == "strategies" and c.task == task and c.stage == stages[-1].label
    ]
    if not mine:
        return ""
    best = max(mine, key=lambda c: c.difference)
    point = measured(stages[-1], best.strategy, task)
    base = measured(stages[-1], best.baseline, task)
    if point is None or base is None:
        return ""
    ratio = (
        point.number("flops_shared") / base.number("flops_shared") if base.number("flops_shared") > 0 else 0
    )
    times = f", {decimal(ratio, 1)} times the compute of {best.baseline}" if ratio else ""
    verdict = f"paired difference {interval(best.difference, best.low, best.high, 2, sign=True)}, adjusted p {_p(best.p_adjusted)}"
    honest = (
        ""
        if best.p_adjusted < 0.05
        else "; after correction for the strategies tried this does not show a gain"
    )
    return (
        f"With inference-time compute, the largest gain over {best.baseline} among {len(mine)} tried is that of "
        f"{best.strategy} at n = {point.number('n'):.0f}: {_accuracy(point)} for "
        f"{quantity(point.number('flops_shared'), 'FLOPs')} per problem{times} ({verdict}{honest})."
    )


def _p(value: float) -> str:
    text = probability(value)
    return text if text.startswith("<") else f"= {text}"


def _accuracy(point: Point) -> str:
    return interval(point.number("accuracy"), point.number("ci_low"), point.number("ci_high"), 2)


def _reference(stage: Stage) -> str:
    """The label of the stage's greedy strategy, else of its first one that is no ceiling, else ""."""
    kinds = {a.strategy: a.kind for a in stage.answers if not a.ceiling}
    return next((s for s, kind in kinds.items() if kind == "greedy"), next(iter(kinds), ""))


def measured(stage: Stage, strategy: str, task: str) -> Point | None:
    """The measured point of a strategy, else one at n = 1 (a plain sample's), that has an accuracy."""
    found = [
        p
        for p in stage.points
        if p.text["strategy"] == strategy and p.task == task and p.numbers["accuracy"] is not None
    ]
    return next((p for p in found if p.measured), next((p for p in found if p.numbers["n"] == 1), None))
