"""Tables of runs and their stages (see `overview`)."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from lab.formats.manifest import manifest_of
from lab.run.cost.efficiency import said
from lab.run.folders.views import Finished
from lab.run.history.overview import measured_points
from lab.run.history.show_stage import corpus_lines
from lab.system.terminal import duration, plain_text, safe

SHOWN_IDS = 5


def print_runs(found: list[dict[str, Any]], runs: Path, console: Any) -> None:
    """Prints one line per run, and the next command to type."""
    if not found:
        none = f"there are no runs in {runs}; start one with `lab run recipes/quickstart.yaml`"
        console.print(plain_text(none))
        return
    width = max(len(safe(run["run"])) for run in found)
    for run in found:
        stages = f"{run['done']}/{run['stages']} stages"
        when = run["finished"].replace("T", " ").removesuffix(":00Z")[:16]
        console.print(
            plain_text(f"{run['run']:<{width}}  {when:16}  {stages:>12}  {run['result']}"), soft_wrap=True
        )
    console.print(plain_text("`lab show NAME` shows one of them"))


def print_overview(data: dict[str, Any], console: Any) -> None:
    """Prints two tables (stages, and the measured points of every model) and what each corpus kept."""
    from rich.table import Table

    stages = Table(title=f"run {safe(data['run'])}", title_justify="left")
    for name in ("stage", "kind", "status", "time", "memory", "efficiency", "folder"):
        stages.add_column(name, overflow="fold")
    for s in data["stages"]:
        time = duration(s["seconds"]) if s.get("seconds") is not None else ""
        memory = f"{s['peak_memory_gib']:.1f} GiB" if s.get("peak_memory_gib") is not None else ""
        cells = (s["stage"], s.get("kind", ""), s["status"], time, memory, said(s.get("efficiency")))
        stages.add_row(*(plain_text(t) for t in (*cells, s["folder"])))
    console.print(stages)
    for line in (line for corpus in data["corpora"] for line in corpus_lines(corpus)):
        console.print(plain_text(line), soft_wrap=True)
    if data["points"]:
        _print_points(data["points"], console)
    for line in data["warnings"]:
        console.print(plain_text(f"! {line}"), soft_wrap=True)
    if ids := data["problems"]:
        more = f", … ({len(ids):,} in total; --json lists all)" if len(ids) > SHOWN_IDS else ""
        console.print(
            plain_text(
                f"`lab show {data['run']} PROBLEM` shows every answer to a problem: "
                f"{', '.join(ids[:SHOWN_IDS])}{more}"
            ),
            soft_wrap=True,
        )


def print_points(folder: Path, console: Any) -> None:
    """Prints the measured points of one finished evaluate stage; nothing for other stages."""
    manifest = manifest_of(folder) or {}
    stage = Finished("", str(manifest.get("stage")), folder, manifest)
    if rows := list(measured_points({stage.name: stage})):
        _print_points(rows, console)


def _print_points(rows: list[dict[str, str]], console: Any) -> None:
    from rich.table import Table

    from eval.report.numbers import MISSING

    points = Table(title="measured accuracy (95 % CI), per problem", title_justify="left")
    for name in ("stage", "task", "strategy", "samples", "accuracy", "tokens", "FLOPs"):
        points.add_column(
            name, justify="right" if name in ("samples", "tokens", "FLOPs") else "left", overflow="fold"
        )
    for p in rows:
        tokens = _number(p["prompt_tokens"]) + _number(p["completion_tokens"])
        accuracy = f"{_number(p['accuracy']):.3f} [{_number(p['ci_low']):.3f}, {_number(p['ci_high']):.3f}]"
        flops = f"{_number(p['flops_shared']):.2e}" if isfinite(_number(p["flops_shared"])) else MISSING
        cells = (p["stage"], p["task"], p["strategy"], p["samples"], accuracy, f"{tokens:,.0f}", flops)
        points.add_row(*(plain_text(c) for c in cells))
    console.print(points)


def _number(text: str) -> float:
    return float(text) if text else float("nan")
