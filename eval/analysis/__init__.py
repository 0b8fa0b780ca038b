"""Statistics of finished evaluate stages: curves, ratios of compute, gaps, verifiers, coverage and more.

Reads outcomes.parquet and answers.parquet, and never runs a model. `analyse` returns one `Analysis` of plain
rows, which the report shows and which can be written as JSON. The same stages and seed give the same numbers.
"""

from __future__ import annotations

from eval.analysis.analysis import Analysis, analyse
from eval.analysis.inputs.outcomes import EvaluatedStage
from lab.statistics.bootstrap import RESAMPLES

__all__ = ["RESAMPLES", "Analysis", "EvaluatedStage", "analyse"]
