"""The smoke recipes that a newcomer tries first do what they promise, as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stem", ["loop", "data"])
def test_a_smoke_recipe_runs_to_its_end(stem: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "lab",
            "run",
            f"recipes/smoke/{stem}.yaml",
            "--runs",
            str(tmp_path),
            "--quiet",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    stages = [folder for folder in (tmp_path / f"smoke-{stem}").iterdir() if folder.is_dir()]
    assert stages
    assert all((folder / "manifest.json").exists() for folder in stages)
