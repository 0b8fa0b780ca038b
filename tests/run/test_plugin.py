"""A stranger's strategy and scorer, from an installed package: listed, validated, run and charged.

The package is the example in CONTRIBUTING.md, so that page cannot rot. It is installed the way an installer
leaves it (modules and a .dist-info with entry points) into a folder outside the repository.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

PAGE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def block(language: str, first: str = "") -> str:
    """The code block that begins with a line."""
    (found,) = [text for name, text in BLOCKS if name == language and text.startswith(first)]
    return str(found)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package, a recipe, and a working directory."""
    folder: Path = tmp_path_factory.mktemp("stranger")
    target = folder / "site"
    project = tomllib.loads(block("toml"))["project"]
    modules = tomllib.loads(block("toml"))["tool"]["setuptools"]["py-modules"]
    info = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    for module in modules:
        (target / f"{module}.py").write_text(block("python", f"# {module}.py"))
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = project["entry-points"]
    lines = [f"[{g}]\n" + "\n".join(f"{k} = {v}" for k, v in e.items()) for g, e in groups.items()]
    (info / "entry_points.txt").write_text("\n\n".join(lines) + "\n")
    (folder / "mine.yaml").write_text(block("yaml"))
    return folder


def lab(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from lab.run.cli import main; main()", *arguments]
    path = os.pathsep.join([str(place / "site"), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_listed_with_its_fields(place: Path) -> None:
    listed = {e["name"]: e for e in json.loads(lab(place, "list", "strategies", "--json").stdout)}
    fields = {f["name"]: f for f in listed["first_agreement"]["fields"]}
    assert listed["first_agreement"]["doc"].startswith("Samples one answer at a time until two are equal")
    assert (fields["n"]["default"], fields["n"]["doc"]) == (8, "Most samples.")
    assert {"max_samples", "max_tokens", "budget_flops", "model"} <= set(fields)
    assert "self_consistency" in listed
    assert "shows_work" in lab(place, "list", "scorers").stdout


def test_not_there_without_the_package(place: Path, tmp_path: Path) -> None:
    done = lab(tmp_path, "check", str(place / "mine.yaml"))
    assert done.returncode == 2
    assert "mine.yaml:10: stages.all.strategies[0].kind: unknown kind 'first_agreement'." in done.stderr


def test_validated(place: Path) -> None:
    good = lab(place, "check", "mine.yaml")
    assert good.returncode == 0, good.stderr
    assert "first_agreement@6, self_consistency, best_of_n[shows_work]" in good.stdout
    text = (place / "mine.yaml").read_text()
    for wrong, message in (
        ("{kind: first_agreement, nn: 6}", "strategies[0].nn: unknown key. Did you mean 'n'?"),
        ("{kind: first_agreement, n: 1}", "strategies[0].n: expected a value greater than or equal to 2"),
        ("{kind: first_agreemnt, n: 6}", "strategies[0].kind: unknown kind 'first_agreemnt'. Did you mean"),
    ):
        (place / "wrong.yaml").write_text(text.replace("{kind: first_agreement, n: 6}", wrong))
        done = lab(place, "check", "wrong.yaml")
        assert done.returncode == 2
        assert f"wrong.yaml:10: stages.all.{message}" in done.stderr
        assert "Traceback" not in done.stderr


def test_run_and_charged(place: Path) -> None:
    done = lab(place, "run", "mine.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    (stage,) = (place / "runs" / "mine").glob("all-*")
    answers = list(pq.read_table(stage / "answers.parquet").to_pylist())
    mine = [r for r in answers if r["strategy"] == "first_agreement@6"]
    assert len(mine) == 8
    assert not any(r["failed"] for r in answers)
    assert any(2 <= len(r["candidates"]) < 6 for r in mine)
    ledger = list(pq.read_table(stage / "ledger.parquet").to_pylist())
    charged = [r for r in ledger if r["strategy"] == "first_agreement@6"]
    drawn = [c for r in mine for c in r["candidates"]]
    assert len(charged) == len(drawn)
    assert sum(r["completion_tokens"] for r in charged) == sum(c["completion_tokens"] for c in drawn)
    votes = {r["problem_id"]: r for r in answers if r["strategy"] == "self_consistency"}
    for row in mine:
        pool = votes[row["problem_id"]]["candidates"]
        assert [c["text"] for c in row["candidates"]] == [c["text"] for c in pool[: len(row["candidates"])]]
        assert row["flops_shared"] <= votes[row["problem_id"]]["flops_shared"]
    best = [r for r in answers if r["strategy"] == "best_of_n[shows_work]"]
    assert all(c["score"] == c["text"].count("=") for r in best for c in r["candidates"])


def test_respects_a_budget(place: Path) -> None:
    text = (place / "mine.yaml").read_text().replace("name: mine", "name: tight")
    (place / "tight.yaml").write_text(text.replace("n: 6}", "n: 6, max_samples: 1}", 1))
    done = lab(place, "run", "tight.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    (stage,) = (place / "runs" / "tight").glob("all-*")
    rows = pq.read_table(stage / "answers.parquet").to_pylist()
    assert [len(r["candidates"]) for r in rows if r["strategy"] == "first_agreement@6"] == [1] * 8


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_here", "cannot be loaded: ModuleNotFoundError"),
        ("Broken = 3", "is not a subclass of eval.strategies.base.StrategyComponent"),
    ],
)
def test_a_package_that_does_not_load_is_one_message(code: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "broken_way.py").write_text(code)
    info = tmp_path / "broken_way-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-way\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[lab.strategies]\nbroken = broken_way:Broken\n")
    command = [sys.executable, "-m", "lab", "list", "strategies"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "the installed package 'broken-way'" in done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
