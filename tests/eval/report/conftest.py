"""The report's tests share a synthetic evaluation (report_world.py)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from report_world import STRATEGIES, TASKS, answers, write_stage

from eval.report.view import StageView


@pytest.fixture
def make_stages(tmp_path: Path) -> Callable[..., list[StageView]]:
    """A function that writes stages and returns their views."""

    def make(
        skills: dict[str, float] | None = None,
        tasks: dict[str, float] | None = None,
        problems: int = 12,
        strategies: Sequence[Any] = STRATEGIES,
        change: Callable[[dict[str, Any]], None] = lambda row: None,
        outcomes: bool = False,
    ) -> list[StageView]:
        views = []
        for name, skill in ({"before": 1.0, "after": 2.6} if skills is None else skills).items():
            rows = answers(
                skill,
                tasks=TASKS if tasks is None else tasks,
                problems=problems,
                strategies=strategies,
                seed=name,
            )
            for row in rows:
                change(row)
            model = "smollm2-135m" if name == "before" else "tuned"
            views.append(write_stage(tmp_path / name, name, model, rows, outcomes=outcomes))
        return views

    return make
