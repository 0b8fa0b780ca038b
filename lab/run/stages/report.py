"""The report stage: curves and tables over evaluate stages."""

from __future__ import annotations

from eval.report import build_report
from lab.formats.manifest import manifest_of
from lab.run.execution.context import StageContext
from lab.run.execution.provenance import report_facts
from lab.run.history.reporting import Finished, made, view_of


def run(context: StageContext) -> None:
    """Write report.html, the pictures, points.csv and summary.json."""
    inputs, out = context.assignment.inputs, context.assignment.out
    run = context.recipe.name
    stages = [Finished(run, name, inputs[name], manifest_of(inputs[name]) or {}) for name in context.stage.of]
    views = [view_of(stage) for stage in stages]
    build_report(views, out, report_facts(context), made(inputs))
