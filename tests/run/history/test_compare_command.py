"""`lab compare` and `lab report` over runs that the real runner left, on the fake engine."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.compare import compare
from lab.run.cli import app
from lab.run.history.runs import evaluations

RECIPE = """
name: pair
engine: {kind: fake}
stages:
  one:
    kind: evaluate
    model: tiny
    sampling: &drawn {temperature: 0.8, max_tokens: 24}
    tasks: &tests
      - {kind: reasoning_gym, dataset: chain_sum, limit: 6, options: {max_terms: 2, max_digits: 1}}
      - {kind: reasoning_gym, dataset: gcd, limit: 6, options: {max_numbers: 2, max_value: 9}}
    strategies: &ways
      - {kind: greedy}
      - {kind: sample, n: 4}
      - {kind: self_consistency, n: 4}
      - {kind: best_of_n, n: 4, scorer: {kind: oracle}}
      - {kind: budget_forcing, waits: 1}
  two: {kind: evaluate, model: tiny, seed: 5, sampling: *drawn, tasks: *tests, strategies: *ways}
"""


WAYS = ("greedy", "sample", "self_consistency", "budget_forcing@2")


def lab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """runs/pair with seed 1 after seed 0, and another with stage `one` alone."""
    folder: Path = tmp_path_factory.mktemp("compare")
    recipe = folder / "pair.yaml"
    recipe.write_text(RECIPE)
    single = folder / "single.yaml"
    single.write_text(RECIPE[: RECIPE.index("  two:")].replace("name: pair", "name: single"))
    for command in ([recipe], [recipe, "seed=1"], [single]):
        done = lab("run", *map(str, command), "--runs", str(folder / "runs"), "--quiet")
        assert done.exit_code == 0, done.output
    return folder / "runs"


def rows(*arguments: str) -> list[dict[str, Any]]:
    result = lab("compare", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return list(json.loads(result.stdout))


def stage(runs: Path, run: str, name: str) -> Path:
    (found,) = evaluations(f"{run}/{name}", runs)
    return found.folder


def test_two_runs_by_strategy(runs: Path) -> None:
    found = rows("single", "pair/two", "--runs", str(runs))
    assert [(r["task"], r["strategy_a"]) for r in found] == [
        (t, s) for t in ("chain_sum", "gcd", "all") for s in WAYS
    ]
    assert {(r["a"], r["b"]) for r in found} == {("one", "two")}
    expected = {
        (c.task, c.strategy_a): c
        for c in compare(
            stage(runs, "single", "one"),
            stage(runs, "pair", "two"),
            [(s, s) for s in WAYS],
        )
    }
    for row in found:
        c = expected[row["task"], row["strategy_a"]]
        names = ("problems", "accuracy_a", "accuracy_b", "difference", "ci_low", "ci_high", "p", "p_holm")
        assert {n: row[n] for n in names} == {n: getattr(c, n) for n in names}


def test_costs_are_those_of_the_points(runs: Path) -> None:
    (row,) = rows("pair/one", "--against", "greedy", "--strategy", "self_consistency", "--runs", str(runs))[
        -1:
    ]
    assert (row["task"], row["strategy_a"], row["strategy_b"]) == ("all", "greedy", "self_consistency")
    with (stage(runs, "pair", "one") / "points.csv").open() as handle:
        points = {
            p["strategy"]: p
            for p in csv.DictReader(handle)
            if (p["task"], p["origin"]) == ("all", "measured")
        }
    assert row["flops_shared_b"] == float(points["self_consistency"]["flops_shared"])
    assert row["completion_tokens_a"] == float(points["greedy"]["completion_tokens"])
    assert row["flops_shared_b"] > row["flops_shared_a"]
    sample = rows("pair/one", "--against", "greedy", "--strategy", "sample", "--runs", str(runs))[-1]
    assert 0 < sample["completion_tokens_b"] < row["completion_tokens_b"]
    forced = rows("pair/one", "--against", "greedy", "--strategy", "budget_forcing", "--runs", str(runs))[-1]
    assert forced["flops_shared_b"] == float(points["budget_forcing"]["flops_shared"])


def test_within_one_run(runs: Path) -> None:
    found = rows("single", "--against", "self_consistency", "--runs", str(runs))
    assert {r["strategy_a"] for r in found} == {"self_consistency"}
    assert {r["strategy_b"] for r in found} == {"greedy", "sample", "budget_forcing@2"}
    ceiling = rows("single", "--against", "greedy", "--strategy", "best_of_n", "--runs", str(runs))
    assert {r["strategy_b"] for r in ceiling} == {"best_of_n[oracle]"}
    stages = rows("pair", "--strategy", "greedy", "--runs", str(runs))
    assert {(r["a"], r["b"]) for r in stages} == {("one", "two")}


def test_two_seeds_of_one_recipe_are_told_apart(runs: Path) -> None:
    folders = sorted(
        runs.glob("pair/one-*"), key=lambda f: json.loads((f / "manifest.json").read_text())["seed"]
    )
    found = rows(*map(str, folders), "--strategy", "greedy", "--runs", str(runs))
    assert {(r["a"], r["b"]) for r in found} == {("pair (seed 0)/one", "pair (seed 1)/one")}
    result = lab("report", *map(str, folders), "--runs", str(runs), "--json")
    data = json.loads(result.stdout)
    assert Path(data["report"]) == runs / "compared" / "report.html"
    assert [s["stage"] for s in data["summary"]["stages"]] == ["pair (seed 0)/one", "pair (seed 1)/one"]


def test_equal_seeds_in_two_places_are_told_apart(runs: Path, tmp_path: Path) -> None:
    import shutil

    for place in ("here", "there"):
        shutil.copytree(runs / "single", tmp_path / place / "single")
    places = [str(tmp_path / p / "single") for p in ("here", "there")]
    found = rows(*places, "--strategy", "greedy")
    assert {(r["a"], r["b"]) for r in found} == {("single (here)/one", "single (there)/one")}
    data = json.loads(lab("report", *places, "--out", str(tmp_path / "r"), "--json").stdout)
    assert [s["stage"] for s in data["summary"]["stages"]] == ["single (here)/one", "single (there)/one"]


def test_table(runs: Path) -> None:
    text = lab("compare", "single", "--against", "greedy", "--runs", str(runs)).stdout
    assert [line.strip() for line in text.splitlines()[:2]] == ["A: one · greedy", "B: one"]
    line = next(n for n in reversed(text.splitlines()) if "self_consistency" in n)
    flags = ("--against", "greedy", "--strategy", "self_consistency", "--runs", str(runs))
    row = rows("single", *flags)[-1]
    assert f"{row['accuracy_b']:.3f}" in line
    assert f"{row['flops_shared_b'] / row['flops_shared_a']:.3g}x" in line


def test_table_fits_a_narrow_terminal(runs: Path) -> None:
    from rich.console import Console

    from lab.run.history.compare import comparisons
    from lab.run.history.comparison_tables import tables

    found = comparisons("pair", None, runs)
    console = Console(width=80, file=io.StringIO(), record=True)
    for table in tables(found):
        console.print(table)
    text = console.export_text()
    assert f"{found[0].accuracy_a:.3f}" in text
    assert "…" not in text


def test_other_problems_under_one_name_are_refused(runs: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "other.yaml"
    recipe.write_text(RECIPE[: RECIPE.index("  two:")].replace("name: pair", "name: other"))
    done = lab(
        "run", str(recipe), "one.tasks.1.options.max_value=50", "--runs", str(tmp_path / "runs"), "--quiet"
    )
    assert done.exit_code == 0, done.output
    result = lab("compare", str(runs / "single"), str(tmp_path / "runs" / "other"))
    assert result.exit_code == 2
    assert "task 'gcd' differs between the two sides: the answer to gcd/test/" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("single", "name a second run or stage, or a strategy with --against"),
        ("nothing", "argument 'nothing': there is no run 'nothing' in "),
        ("pair/oen single", "argument 'pair/oen': there is no finished stage 'oen' in "),
        ("single --against gredy", "--against: there is no strategy 'gredy'. Did you mean 'greedy'?"),
        (
            "single pair --strategy greedi",
            "--strategy: there is no strategy 'greedi'. Did you mean 'greedy'?",
        ),
        (
            "single --against greedy --strategy greedy",
            "no strategy has answers to the same problems on both sides",
        ),
    ],
)
def test_wrong_arguments(runs: Path, arguments: str, message: str) -> None:
    result = lab("compare", *arguments.split(), "--runs", str(runs))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
