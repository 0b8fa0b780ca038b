"""docs/adding.md is right: every example, added as the page says, runs from a recipe to the report."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding.md").read_text()
BLOCKS = re.findall(r"^```python\n# (.+?)\n(.+?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
ENDS = {
    "Shape": re.compile(r"^Shape = Literal\[.*(?=\])", re.MULTILINE),
    "SHAPES": re.compile(r"^SHAPES:.*?(?=^\})", re.MULTILINE | re.DOTALL),
    "VALUES": re.compile(r"^VALUES:.*?(?=^\})", re.MULTILINE | re.DOTALL),
    "SECTIONS": re.compile(r"^SECTIONS = .*?(?=^\))", re.MULTILINE | re.DOTALL),
    "the registry": re.compile(r"^REGISTRY = .*?(?=^\))", re.MULTILINE | re.DOTALL),
}
"""Where in a file the end of each list is."""
SUM = {"kind": "reasoning_gym", "dataset": "gcd", "limit": 8, "options": {"max_numbers": 2, "max_value": 9}}
SAMPLING = {"temperature": 0.8, "max_tokens": 32}
DATA = {"kind": "generate", "model": "tiny", "tasks": [SUM], "sampling": SAMPLING, "filters": []}
TEST = {"kind": "evaluate", "model": "tiny", "tasks": [{"kind": "parity", "limit": 8}], "sampling": SAMPLING}
TRAIN = {"kind": "train", "model": "tiny", "data": "pairs"}
WAYS = [
    {"kind": "greedy"},
    {"kind": "longest", "n": 4},
    {"kind": "best_of_n", "n": 4, "scorer": {"kind": "digits"}},
]
STAGES = {
    "short": {**DATA, "method": {"kind": "shortest_sample", "samples": 4}},
    "pairs": {**DATA, "method": {"kind": "preference_pairs", "by": "logprob"}},
    "tuned": {
        "kind": "train",
        "model": "tiny",
        "data": "pairs",
        "method": {"kind": "robust_dpo", "examples": 8},
    },
    "test": {**TEST, "strategies": WAYS},
    "echoed": {**TEST, "engine": {"kind": "echo"}, "strategies": [{"kind": "greedy"}]},
    "report": {"kind": "report", "of": ["test", "echoed"]},
}


def added(place: str, text: str, copy: Path) -> None:
    """Write a new file, or put a line at the end of a list."""
    if not (found := re.fullmatch(r"in (the registry|\w+) of (.+)", place)):
        assert not (copy / place).exists()
        (copy / place).write_text(text)
        return
    file = copy / found[2]
    before = file.read_text()
    end = ENDS[found[1]].search(before)
    assert end, place
    line = f", {text.strip()}" if found[1] == "Shape" else text
    file.write_text(before[: end.end()] + line + before[end.end() :])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with every example of the page."""
    copy = tmp_path_factory.mktemp("copy")
    for top in ("lab", "data_gen", "eval"):
        shutil.copytree(ROOT / top, copy / top, ignore=shutil.ignore_patterns("__pycache__"))
    for place, text in BLOCKS:
        added(place, text, copy)
    return copy


def python(copy: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(copy), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def test_every_example_runs_from_a_recipe_to_the_report(copy: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "added.yaml"
    recipe.write_text(json.dumps({"name": "added", "engine": {"kind": "fake"}, "stages": STAGES}))
    code = "from lab.run.cli import main; main()"
    done = python(copy, code, "run", str(recipe), "--runs", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = tmp_path.glob("added/report-*")
    assert "Answers that were read" in (report / "report.html").read_text()
    with (report / "points.csv").open() as lines:
        rows = {(row["stage"], row["strategy"]) for row in csv.DictReader(lines)}
    assert {("test", "longest"), ("test", "best_of_n[digits]"), ("echoed", "greedy")} <= rows, rows


def test_a_shape_has_its_columns(copy: Path) -> None:
    code = "from lab.formats.corpus import schema; print(schema('rated').names)"
    done = python(copy, code)
    assert done.returncode == 0, done.stderr
    assert "'completion', 'rating'" in done.stdout


def test_the_page_has_an_example_of_every_kind() -> None:
    files = [place.rpartition("/")[0] for place, _ in BLOCKS if not place.startswith("in ")]
    assert len(files) == 7
    assert len(BLOCKS) == 17
