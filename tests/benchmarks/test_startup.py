"""How long the quick commands take, beside a program that only imports the libraries they are written with.

Processor time is what wall time comes to on an idle machine.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
BASELINE = ["-c", "import typer, rich.table, rich.progress, pydantic, yaml, jinja2, httpx, psutil"]
COMMANDS = [
    "--help",
    "list",
    "list strategies",
    "list strategies mcts",
    "list models",
    "check recipes/quickstart.yaml",
    "check recipes/gsm8k.yaml",
]


def processor_seconds(arguments: list[str]) -> float:
    """The least user and system time of three runs of python with these arguments."""
    return min(_once(arguments) for _ in range(3))


def _once(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("command", COMMANDS)
def test_quick_commands(command: str) -> None:
    bare, lab = processor_seconds(BASELINE), processor_seconds(["-m", "lab", *command.split()])
    print(f"\nlab {command}: {lab:.2f} s, its libraries alone {bare:.2f} s, {lab / bare:.1f} times")
    assert lab < 6 * bare
