"""The version of the answer readers stands in all that was read; what another version read is read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lab.formats.manifest import manifest_of
from lab.language.extraction import FORMER_READERS, READERS
from lab.run.cli import app
from lab.run.execution import stage_run
from lab.run.folders import answer_readers as read_by
from lab.run.folders.answer_readers import readers_of
from lab.run.folders.layout import latest
from lab.run.folders.views import Finished

RECIPE = """
name: {name}
engine: {{kind: fake}}
stages:
  made:
    kind: generate
    model: tiny
    sampling: {{temperature: 0.8, max_tokens: 24}}
    tasks:
      - &sums {{kind: reasoning_gym, dataset: chain_sum, limit: 4, options: {{max_terms: 2, max_digits: 1}}}}
    method: {{kind: rejection_sampling, samples: 2}}
    filters: []
  asked:
    kind: evaluate
    model: tiny
    sampling: {{temperature: 0.8, max_tokens: 24}}
    tasks: [*sums]
    strategies: [{{kind: greedy}}, {{kind: self_consistency, n: 3}}]
  told: {{kind: report, of: [asked]}}
"""


def lab(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def run(folder: Path, name: str) -> dict[str, Path]:
    """The folders of a run's stages."""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(RECIPE.format(name=name))
    lab("run", str(recipe), "--runs", str(folder / "runs"), "--quiet")
    return latest(folder / "runs" / name)


def manifests(stages: dict[str, Path]) -> dict[str, dict[str, Any]]:
    return {name: manifest_of(folder) or {} for name, folder in stages.items()}


@pytest.fixture
def as_version(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the version that this process has."""

    def become(version: str) -> None:
        for module in (read_by, stage_run):
            monkeypatch.setattr(module, "READERS", version)

    return become


def test_what_another_version_read_is_read_again_and_nothing_is_drawn(
    tmp_path: Path, as_version: Any
) -> None:
    as_version("1.5")
    before = run(tmp_path, "a")
    drawn = (tmp_path / "runs" / "bank.sqlite").read_bytes()
    as_version(READERS)
    after = run(tmp_path, "a")
    assert {readers_of(m) for m in manifests(before).values()} == {"1.5"}
    assert {readers_of(m) for m in manifests(after).values()} == {READERS}
    assert all(before[name] != after[name] for name in ("made", "asked"))
    assert (tmp_path / "runs" / "bank.sqlite").read_bytes() == drawn
    for name in ("made", "asked"):
        one, other = (pq.read_table(s[name] / "ledger.parquet").drop(["seconds"]) for s in (before, after))
        assert one.num_rows == other.num_rows > 0
    assert manifests(before)["asked"]["input_digests"]["readers"] == "1.5"
    assert run(tmp_path, "a") == after, "done before"


def test_show_and_compare_warn_where_runs_were_not_read_alike(tmp_path: Path, as_version: Any) -> None:
    runs = ("--runs", str(tmp_path / "runs"))
    as_version("1.5")
    run(tmp_path, "older")
    as_version(READERS)
    run(tmp_path, "newer")
    said = " ".join(lab("show", "older", *runs).split())
    assert (
        f"made, asked: answers were read by version 1.5 of the answer readers, this lab has version {READERS}"
        in said
    )
    assert "answer readers" not in lab("show", "newer", *runs)
    assert json.loads(lab("show", "newer", *runs, "--json"))["warnings"] == []
    said = " ".join(lab("compare", "older", "newer", *runs).split())
    assert f"was read by version 1.5 of the answer readers, newer/asked by version {READERS}" in said
    assert "answer readers" not in lab("compare", "newer", *runs, "--against", "greedy")
    rows = json.loads(lab("compare", "older", "newer", *runs, "--json"))
    assert {(r["readers_a"], r["readers_b"]) for r in rows} == {("1.5", READERS)}


def test_a_report_says_by_what_answers_were_read(tmp_path: Path) -> None:
    stages = run(tmp_path, "a")
    page = (stages["told"] / "report.html").read_text()
    assert f"Answers were read by version {READERS} of the answer readers." in page
    assert f"version {READERS} of the answer readers" in (stages["told"] / "results.md").read_text()
    lines = (stages["told"] / "points.csv").read_text().splitlines()
    assert lines[0].endswith(",readers")
    assert all(line.endswith(f",{READERS}") for line in lines[1:])


def test_a_report_over_stages_that_were_not_read_alike_warns(tmp_path: Path) -> None:
    """A points.csv from before has no such column: it was read by the first version."""
    folders = [run(tmp_path, name)["asked"] for name in ("older", "newer")]
    points = folders[0] / "points.csv"
    points.write_text("\n".join(line.rpartition(",")[0] for line in points.read_text().splitlines()) + "\n")
    from eval.report import build_report
    from eval.report.view import StageView

    views = [StageView("asked", "tiny", folder.parent.name, folder) for folder in folders]
    page = build_report(views, tmp_path / "report", {})
    said = f"(older/asked (tiny): version {FORMER_READERS}, newer/asked (tiny): version {READERS})"
    assert (
        f"Accuracies cannot be compared: answers were read by different versions of the answer readers {said}"
        in (page.read_text())
    )


@pytest.mark.parametrize(
    ("kind", "tasks", "depends"),
    [
        ("evaluate", [1], True),
        ("generate", [1], True),
        ("train", [1], True),
        ("train", [], False),
        ("report", [], False),
    ],
)
def test_which_stages_depend_on_the_readers(kind: str, tasks: list[int], depends: bool) -> None:
    manifest = {"kind": kind, "config": {"tasks": tasks}, "readers": "0"}
    assert bool(read_by.outdated([Finished("r", "s", Path(), manifest)])) == depends


def test_a_manifest_from_before_was_read_by_the_first_version() -> None:
    assert readers_of({"kind": "evaluate"}) == FORMER_READERS != READERS
