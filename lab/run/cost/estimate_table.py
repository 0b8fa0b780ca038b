"""An estimate as tables for people."""

from __future__ import annotations

from typing import Any

from lab.run.cost.estimate import RecipeEstimate, StageEstimate
from lab.system.terminal import duration, safe

COLUMNS = (
    "stage",
    "problems",
    "requests",
    "prompt",
    "completion",
    "(at most)",
    "FLOPs",
    "time",
    "(at most)",
    "disk",
    "memory",
)


def table(estimate: RecipeEstimate, console: Any) -> None:
    """Prints one row per stage and the total, then the origin of the speeds."""
    from rich.table import Table
    from rich.text import Text

    out = Table(title=f"{safe(estimate.recipe)}: tokens, FLOPs, time and disk space", title_justify="left")
    for name in COLUMNS:
        out.add_column(name, justify="left" if name == "stage" else "right")
    for stage in estimate.stages:
        out.add_row(*_row(stage))
    out.add_section()
    out.add_row(*_total(estimate))
    console.print(out)
    for stage in estimate.stages:
        for note in (*([stage.speed] if stage.speed else []), *stage.notes):
            console.print(Text(f"{safe(stage.stage)}: {safe(note)}"))
    for note in estimate.notes:
        console.print(Text(note))


def _row(s: StageEstimate) -> list[str]:
    tokens = (s.prompt_tokens, s.completion_tokens, s.most_completion_tokens)
    counts = [f"{n:,}" if n else "" for n in (s.problems, s.requests, *tokens)]
    flops = _flops(s.flops) if s.computes else ""
    return [safe(s.stage), *counts, flops, *_ends(s.seconds, s.most_seconds, s.disk, s.memory)]


def _total(estimate: RecipeEstimate) -> list[str]:
    t = estimate.total()
    names = ("requests", "prompt_tokens", "completion_tokens", "most_completion_tokens")
    counts = [f"{t[n]:,.0f}" for n in names]
    return [
        "total",
        "",
        *counts,
        _flops(t["flops"]),
        *_ends(t["seconds"], t["most_seconds"], t["disk"], t["memory"]),
    ]


def _ends(seconds: float, most: float, disk: float, memory: float) -> list[str]:
    return [duration(seconds), duration(most), _bytes(disk), _bytes(memory)]


def _flops(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1e}" if value else ""


def _bytes(value: float) -> str:
    return f"{value / 2**30:.1f} GiB" if value >= 2**29 else f"{value / 2**20:,.0f} MiB"
