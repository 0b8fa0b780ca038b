"""The report stage: curves and tables over evaluate stages."""

from __future__ import annotations

from eval.report import build_report
from eval.report.view import StageView
from lab.run.context import StageContext
from lab.run.provenance import report_facts
from lab.run.rundir import manifest_of


def run(context: StageContext) -> None:
    """Write report.html, the pictures, points.csv and summary.json."""
    inputs, out = context.assignment.inputs, context.assignment.out
    views = [view_of(name, inputs[name], context.recipe.name) for name in context.stage.of]
    build_report(views, out, report_facts(context))


def view_of(name: str, folder: object, run: str) -> StageView:
    """An evaluate stage as the report sees it."""
    from pathlib import Path

    path = Path(str(folder))
    manifest = manifest_of(path) or {}
    return StageView(name=name, model=manifest.get("config", {}).get("model", name), run=run, folder=path)
