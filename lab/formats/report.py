"""The files of a report: the page for people, summary.json and analysis.json for programs, the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.system.files import read_json

PAGE, SUMMARY, ANALYSIS, RESULTS = "report.html", "summary.json", "analysis.json", "results.md"
CURVES, FIGURES = "curves", "figures"
"""The curve, `curves.svg` and so on, and the folder of all other figures and tables."""


def read_summary(folder: Path) -> dict[str, Any]:
    """The content of a report's summary.json (`eval.report.overview.summary`). Raises OSError or ValueError
    without it.
    """
    found: dict[str, Any] = read_json(folder / SUMMARY)
    return found
