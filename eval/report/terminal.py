"""The result as a small table for the terminal: accuracy with its interval and what a problem costs.

Reads the report's own summary.json, so that it shows what the page shows. Names come from recipes and
model files, which are untrusted on a terminal: control characters are made visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.report.numbers import interval, quantity
from eval.report.plots.style import named
from lab.formats.report import PAGE, read_summary
from lab.system.terminal import safe

Row = tuple[dict[str, Any], dict[str, Any]]
"""(stage, result) of summary.json."""
LIMIT = 60
"""Most rows."""


def summary_table(out: Path) -> Any:
    """A `rich.table.Table` of the pooled task: a row per stage and strategy that was measured, no ceilings.

    `out` is the report's folder. Where nothing was measured, the derived points are shown.
    """
    from rich.table import Table
    from rich.text import Text

    summary = read_summary(out)
    task = next(iter(summary["tasks"]), "")
    rows = [(s, r) for s in summary["stages"] for r in s["results"] if r["task"] == task and not r["ceiling"]]
    wanted = [pair for pair in rows if pair[1]["origin"] == "measured"] or rows
    shown = _shown(summary["stages"], wanted)
    gaps = any(map(_gaps, (result for _, result in shown)))
    numbers = {_asked(result) for _, result in shown}
    of = f", n = {numbers.pop():,} problems" if len(numbers) == 1 else ""
    table = Table(title=Text(f"accuracy on {safe(task)}{of} (95 % CI)"), title_justify="left", expand=False)
    for name in (
        "model",
        "strategy",
        "samples",
        "accuracy",
        *(["not measured"] if gaps else []),
        "tokens",
        "FLOPs",
    ):
        words = name in ("model", "strategy")
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "strategy")
    for stage, result in shown:
        cells = _cells(stage, result)
        cells[4:4] = [_gaps(result)] if gaps else []
        table.add_row(*(Text(safe(cell)) for cell in cells))
    more = f"; {len(wanted) - len(shown)} more rows in {PAGE}" if len(wanted) > len(shown) else ""
    wide = "; answers that were not measured widen the interval" if gaps else ""
    table.caption = Text(f"tokens and FLOPs per problem{wide}{more}")
    return table


def _shown(stages: list[dict[str, Any]], wanted: Sequence[Row]) -> list[Row]:
    """At most LIMIT rows, in order: each stage's first ones; what a short stage leaves free, others take."""
    mine = [[row for row in wanted if row[0] is stage] for stage in stages]
    left, room = LIMIT, dict[int, int]()
    for rank, i in enumerate(sorted(range(len(mine)), key=lambda i: len(mine[i]))):
        room[i] = min(len(mine[i]), max(1, left // (len(mine) - rank)))
        left -= room[i]
    return [row for i, rows in enumerate(mine) for row in rows[: room[i]]]


def _gaps(result: dict[str, Any]) -> str:
    """`3 of 192 failed, 2 unscored`: what is not in a row's accuracy."""
    failed, unscored = (int(result.get(name) or 0) for name in ("failed", "unscored"))
    said = [f"{count:,} {what}" for count, what in ((failed, "failed"), (unscored, "unscored")) if count]
    return f"{', '.join(said)} of {_asked(result):,}" if said else ""


def _asked(result: dict[str, Any]) -> int:
    """How many problems a row is about, scored or not."""
    return sum(int(result.get(name) or 0) for name in ("problems", "failed", "unscored"))


def _cells(stage: dict[str, Any], result: dict[str, Any]) -> list[str]:
    name, model = stage["stage"], stage["model"]
    tokens = (result["prompt_tokens"] or 0) + (result["completion_tokens"] or 0)
    return [
        name if model in ("", name) else f"{name} ({model})",
        named(result["strategy"], result["scorer"]),
        f"{result['samples'] or 0:.0f}",
        interval(result["accuracy"], result["ci_low"], result["ci_high"], 2),
        quantity(tokens),
        quantity(result["flops_shared"]),
    ]
