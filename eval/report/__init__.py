"""The report on finished evaluate stages: for people (report.html, curves.png, curves.svg), for programs
(points.csv, corpora.csv, generalisation.csv, summary.json, analysis.json) and for papers (results.md;
figures/ has every plot as PNG, SVG, PDF and CSV).

It only reads the stages' files, so it can be built again at any time, for any set of stages, including stages
of different runs. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.report.trained_models import CorpusFacts
from eval.report.view import StageView
from lab.formats.report import PAGE
from lab.system.files import write_atomic

__all__ = ["StageView", "build_report"]


def build_report(
    stages: Sequence[StageView], out: Path, provenance: Mapping[str, Any], made: Sequence[CorpusFacts] = ()
) -> Path:
    """Writes the report's files into `out` and returns the path of report.html.

    The first stage is the baseline for later ones. `provenance` is shown unchanged (any nesting of mappings,
    lists and texts); a `name` in it becomes the title. `made` are the corpora of the run, shown whether a
    model was trained on them or not. Each file is written completely or not at all. Raises InputError, naming
    the stage, for a missing file or column.
    """
    from eval.report.building import examined, files_of

    report = examined(stages, made)
    for name, content in files_of(report, provenance):
        write_atomic(out / name, content)
    return out / PAGE
