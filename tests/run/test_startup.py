"""The quick commands never import torch or anything as heavy; tests/benchmarks/test_startup.py times them."""

from __future__ import annotations

import json
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
    ["list"],
    ["list", "strategies"],
    ["list", "strategies", "mcts"],
    ["show"],
    ["list", "tasks"],
    ["list", "models"],
    ["check", "recipes/quickstart.yaml"],
    ["check", "recipes/gsm8k.yaml"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_heavy_is_imported(command: list[str], tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "modules.json"), *command]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads((tmp_path / "modules.json").read_text()))
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_help_loads_the_commands_alone() -> None:
    code = "import sys, lab.run.cli.app; print(*(m for m in sys.modules if m.startswith('lab.')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    rest = {m for m in done.stdout.split() if not f"{m}.".startswith(("lab.run.cli.", "lab.system."))}
    assert rest <= {"lab.run", "lab.errors"}
