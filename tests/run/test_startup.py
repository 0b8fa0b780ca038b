"""The quick commands are quick: under a second of processor time, and torch is never imported.

Processor time is what wall time comes to on an idle machine; a busy one must not fail the test.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY: tuple[str, ...] = (
    "torch",
    "transformers",
    "vllm",
    "trl",
    "datasets",
    "reasoning_gym",
    "matplotlib",
    "plotly",
    "scipy",
)
HEAVY += ("pyarrow", "pandas", "sympy", "numpy")
PROGRAM = """
import json, sys
from lab.run.cli import app
try:
    app(sys.argv[2:])
finally:
    open(sys.argv[1], "w").write(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
COMMANDS = [
    ["--help"],
    ["list", "strategies"],
    ["list", "tasks"],
    ["list", "models"],
    ["check", "recipes/quickstart.yaml"],
    ["check", "recipes/gsm8k.yaml"],
]


def processor_seconds() -> float:
    """User and system time of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_quick_and_without_torch(command: list[str], tmp_path: Path) -> None:
    seconds = []
    for _ in range(2):
        before = processor_seconds()
        program = [sys.executable, "-c", PROGRAM, str(tmp_path / "modules.json"), *command]
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        seconds.append(processor_seconds() - before)
        assert done.returncode == 0, done.stderr
    loaded = set(json.loads((tmp_path / "modules.json").read_text()))
    assert "typer" in loaded
    assert not loaded & set(HEAVY)
    assert min(seconds) < 1.0
