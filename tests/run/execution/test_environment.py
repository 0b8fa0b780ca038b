"""What the launchers of stages and trainings hand on: threads that sleep while they wait, one a core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.run.execution import runner
from lab.run.execution.console import RunConsole
from lab.run.recipe.recipe import loads
from lab.system.machine import detect
from lab.system.processor import SLEEPING
from lab.train import launch

SHORT = """
name: short
engine: {kind: fake}
stages:
  all:
    kind: evaluate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: gcd, limit: 2}]
    strategies: [{kind: greedy}]
"""


class Started(Exception):
    """Instead of a process."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The keyword arguments that the next process would have been started with."""
    seen: dict[str, Any] = {}

    def popen(command: list[str], **keywords: Any) -> None:
        seen.update(keywords)
        raise Started

    monkeypatch.setattr(subprocess, "Popen", popen)
    for name in SLEEPING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return seen


def test_a_stage(started: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Started):
        runner.run_recipe(loads(SHORT), runs=tmp_path, console=RunConsole(quiet=True))
    expected = {**SLEEPING, "OMP_NUM_THREADS": str(detect().physical_cores)}
    assert started["env"].items() >= expected.items()


def test_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import fields

    from lab.train.spec import TrainingSpec

    values: dict[str, Any] = {field.name: None for field in fields(TrainingSpec)}
    method = {"report_to": [], "accelerate_config": None}
    env = launch._environment(detect(), TrainingSpec(**{**values, "method": method, "out": str(tmp_path)}))
    expected = {**SLEEPING, "OMP_NUM_THREADS": str(detect().physical_cores)}
    assert env.items() >= expected.items()


def test_torch_is_not_there_before_the_environment_is() -> None:
    """OpenMP reads its settings when torch is imported: the worker must begin without it."""
    modules = "sys, lab.run.execution.stage_process, lab.train.process.worker"
    code = f"import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
