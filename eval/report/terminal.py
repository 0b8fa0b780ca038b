"""The result as a small table for the terminal: accuracy with its interval and what a problem costs.

Reads the report's own summary.json, so that it shows what the page shows. Names come from recipes and
model files, which are untrusted on a terminal: control characters are made visible.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eval.report.numbers import interval, quantity
from eval.report.style import named
from lab.core.terminal import safe

LIMIT = 60
"""Most rows."""


def summary_table(out: Path) -> Any:
    """A `rich.table.Table` of the pooled task: a row per stage and strategy that was measured, no ceilings.

    `out` is the report's folder. Where nothing was measured, the derived points are shown.
    """
    from rich.table import Table
    from rich.text import Text

    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    task = next(iter(summary["tasks"]), "")
    rows = [(s, r) for s in summary["stages"] for r in s["results"] if r["task"] == task and not r["ceiling"]]
    wanted = [pair for pair in rows if pair[1]["origin"] == "measured"] or rows
    share = max(1, LIMIT // max(1, len(summary["stages"])))
    shown = [pair for s in summary["stages"] for pair in [p for p in wanted if p[0] is s][:share]]
    table = Table(title=Text(f"accuracy on {safe(task)} (95 % CI)"), title_justify="left", expand=False)
    for name in ("model", "strategy", "n", "accuracy", "tokens", "FLOPs"):
        words = name in ("model", "strategy")
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "strategy")
    for stage, result in shown:
        table.add_row(*(Text(safe(cell)) for cell in _cells(stage, result)))
    more = f"; {len(wanted) - len(shown)} more rows in report.html" if len(wanted) > len(shown) else ""
    table.caption = Text(f"tokens and FLOPs per problem{more}")
    return table


def _cells(stage: dict[str, Any], result: dict[str, Any]) -> list[str]:
    name, model = stage["stage"], stage["model"]
    tokens = (result["prompt_tokens"] or 0) + (result["completion_tokens"] or 0)
    return [
        name if model in ("", name) else f"{name} ({model})",
        named(result["strategy"], result["scorer"]),
        f"{result['n'] or 0:.0f}",
        interval(result["accuracy"], result["ci_low"], result["ci_high"], 2),
        quantity(tokens),
        quantity(result["flops_shared"]),
    ]
