"""What eval/analysis says of the stages, ready for the page: its rows, plots and tables.

It is run once per report. A stage from before outcomes.parquet cannot be analysed; then the report has its
curve, its comparisons and its problems, and says what is missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.report.plot import Plot
from eval.report.style import methods_of
from eval.report.tables import Table
from eval.report.view import Stage


@dataclass(frozen=True, slots=True)
class Studied:
    """`analysis` is analysis.json's content; `missing` says why it is empty, where it is."""

    analysis: dict[str, Any]
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    missing: str = ""


def study(stages: Sequence[Stage]) -> Studied:
    """Analyse the stages that can be: all or none, because the comparisons are across stages."""
    from eval.analysis import Stage as Analysed
    from eval.analysis import analyse
    from eval.report.studied_plots import plots_of
    from eval.report.studied_tables import tables_of

    old = [s.label for s in stages if not (s.view.folder / "outcomes.parquet").is_file()]
    if old or not any(s.points for s in stages):
        why = f"No outcomes.parquet in {', '.join(old)}: evaluate again for the analysis." if old else ""
        return Studied({}, missing=why)
    found = analyse([Analysed(s.label, s.view.model, s.view.folder) for s in stages])
    name = _names(stages, found.methods)
    return Studied(asdict(found), tuple(plots_of(found, name)), tuple(tables_of(found, name)))


def as_json(studied: Studied) -> str:
    """Strict JSON (undefined numbers as null) with a final newline."""
    return json.dumps(_finite(studied.analysis), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _names(stages: Sequence[Stage], methods: Sequence[Any]) -> Any:
    """Method id -> how it is called and drawn, the same as on the curve."""
    from eval.report.studied_plots import Name

    looks = {(m.strategy, m.scorer): m for m in methods_of(stages)}
    several = len(stages) > 1
    known: dict[str, Name] = {}
    for m in methods:
        look = looks.get((m.strategy, m.scorer))
        label = look.label if look else m.strategy
        hue, marker = (-1 if m.ceiling else look.hue, look.marker) if look else (-1, 0)
        known[m.id] = Name(f"{m.stage} · {label}" if several else label, hue, marker)
    return lambda id: known.get(id) or Name(id, -1, 0)
