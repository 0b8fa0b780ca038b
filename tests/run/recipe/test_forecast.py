"""The line before a long run: there when models run here, silent for the instant and the begun."""

from __future__ import annotations

from pathlib import Path

from lab.run.recipe.estimate import forecast
from lab.run.recipe.recipe import load, loads

ROOT = Path(__file__).parents[3]
SHORT = """
name: short
stages:
  all:
    kind: evaluate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: gcd, limit: 1}]
    strategies: [{kind: greedy}]
"""
QUICKSTART = ROOT / "recipes/quickstart.yaml"


def test_the_quickstart_says_what_it_will_take(tmp_path: Path) -> None:
    line = forecast(load(QUICKSTART), tmp_path)
    assert line.startswith("quickstart: about ")
    assert "at most" in line
    (tmp_path / "quickstart").mkdir()
    (tmp_path / "quickstart/run.json").write_text("{}")
    assert forecast(load(QUICKSTART), tmp_path) == "", "some of it is done: no guess what is left"


def test_what_is_quick_or_elsewhere_is_not_forecast(tmp_path: Path) -> None:
    assert forecast(load(QUICKSTART, ["engine={kind: fake}"]), tmp_path) == ""
    server = "engine={kind: openai, base_url: 'http://127.0.0.1:9/v1'}"
    assert forecast(load(QUICKSTART, [server]), tmp_path) == ""
    assert forecast(loads(SHORT), tmp_path) == ""
