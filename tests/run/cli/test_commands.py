"""Listing, showing, planning and checking, as typed; and which stages share a process."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.core.component import members_of
from lab.errors import InputError
from lab.run.cli import app, completing
from lab.run.cli.catalogue import KINDS, UNIONS, first_sentence
from lab.run.cli.examples import EXAMPLES
from lab.run.cost.device import machine_of, strength
from lab.run.folders.views import view_of
from lab.run.source.shorthand import parse
from lab.run.source.yaml_source import scalar
from lab.tasks import Task

GOOD = Path(__file__).parents[1] / "good.yaml"
EVALUATE = "evaluate --model tiny --task reasoning_gym:gcd --limit 2 --engine fake --strategy"


def lab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    result = lab(*EVALUATE.split(), "self_consistency:n=3", "--strategy", "greedy", "--runs", str(folder))
    assert result.exit_code == 0, result.output
    return folder


def test_a_bare_list_names_all_that_can_be_listed() -> None:
    lines = lab("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(KINDS)
    assert set(json.loads(lab("list", "--json").stdout)) == set(KINDS)


@pytest.mark.parametrize("kind", UNIONS)
def test_one_line_each(kind: str) -> None:
    import importlib

    module, name = UNIONS[kind]
    members = members_of(getattr(importlib.import_module(module), name))
    lines = lab("list", kind).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(members)
    for line, member in zip(lines, members.values(), strict=True):
        assert first_sentence(member.__doc__ or "") in line


def test_all_of_one() -> None:
    text = lab("list", "strategies", "mcts").stdout
    assert "exploration" in text
    assert "step_tokens" in text
    assert "greedy" not in text
    assert json.loads(lab("list", "strategies", "mcts", "--json").stdout)["name"] == "mcts"
    wrong = lab("list", "strategies", "mtcs")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "lab: argument 'mtcs': there is no 'mtcs' among the strategies. Did you mean 'mcts'?\n",
    )
    assert lab("list", "models", "smollm2").exit_code == 2


def test_a_bare_show_lists_the_runs(runs: Path, tmp_path: Path) -> None:
    text = lab("show", "--runs", str(runs)).stdout
    assert re.match(r"evaluate  \d{4}-\d\d-\d\d \d\d:\d\d +2/2 stages  evaluate: greedy \d\.\d\d \[", text)
    (row,) = json.loads(lab("show", "--runs", str(runs), "--json").stdout)
    assert (row["run"], row["done"], row["stages"]) == ("evaluate", 2, 2)
    assert "no runs in" in lab("show", "--runs", str(tmp_path)).stdout
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    assert lab("show", "--runs", str(tmp_path)).exit_code == 0


def test_a_run_names_the_problems_that_can_be_shown(runs: Path) -> None:
    assert "gcd/test/" in lab("show", "evaluate", "--runs", str(runs)).stdout
    ids = json.loads(lab("show", "evaluate", "--runs", str(runs), "--json").stdout)["problems"]
    assert len(ids) == 2
    assert lab("show", "evaluate", ids[1], "--runs", str(runs)).exit_code == 0


def test_stages_that_load_no_model_share_a_process(runs: Path) -> None:
    logs = [path.read_text() for path in runs.glob("evaluate/*/log.txt")]
    processes = {re.findall(r"process (\d+)", log)[-1] for log in logs}
    assert (len(logs), len(processes)) == (2, 1)
    peaks = [json.loads(p.read_text())["peak_memory_gib"] for p in runs.glob("evaluate/*/manifest.json")]
    assert all(0 < peak < 4 for peak in peaks)


def test_no_report(tmp_path: Path) -> None:
    result = lab(*EVALUATE.split(), "greedy", "--no-report", "--runs", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "greedy" in result.stdout
    assert not list(tmp_path.glob("*/report*"))
    again = lab(*EVALUATE.split(), "greedy", "--no-report", "--runs", str(tmp_path), "--json")
    data = json.loads(again.stdout)
    assert (data["stages"][0]["stage"], data["reports"], data["failures"]) == ("evaluate", [], [])
    assert re.search(r"✓ evaluate: greedy \d\.\d\d \[.*\]; done before", again.stderr)
    assert lab(*EVALUATE.split(), "greedy", "--no-report", "--runs", str(tmp_path), "-q").stderr == ""


def test_a_dry_run_runs_nothing(tmp_path: Path) -> None:
    done = lab("run", str(GOOD), "--dry-run", "--runs", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.stdout.splitlines()[:-1]] == [["to", "do"]] * 5
    assert "nothing was run" in done.stdout
    assert not list(tmp_path.iterdir())
    plan = json.loads(lab("run", str(GOOD), "--dry-run", "--json", "--runs", str(tmp_path)).stdout)
    assert plan["seconds"] == pytest.approx(sum(stage["seconds"] for stage in plan["stages"]))


def test_check_takes_changes_and_folders(tmp_path: Path) -> None:
    assert lab("check", str(GOOD), "before.tasks.0.limit=9").exit_code == 0
    assert "gcd (9)" in lab("check", str(GOOD), "before.tasks.0.limit=9").stdout
    wrong = lab("check", str(GOOD), "before.tasks.0.limits=9")
    assert (wrong.exit_code, "Did you mean 'limit'?" in wrong.stderr) == (2, True)
    assert lab("check", str(GOOD), str(GOOD), "seed=1").exit_code == 2
    assert "no recipe" in lab("check", str(tmp_path)).stderr
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.yaml").write_text(GOOD.read_text())
    assert lab("check", str(tmp_path)).stdout.startswith(f"{tmp_path / 'deep' / 'a.yaml'}: ok")


def test_home_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.yaml").write_text(GOOD.read_text())
    assert lab("check", "~/a.yaml").exit_code == 0
    assert lab("estimate", "~/a.yaml", "--runs", "~/runs").exit_code == 0
    assert f"no runs in {tmp_path / 'runs'}" in lab("show", "--runs", "~/runs").stdout


def test_another_device(tmp_path: Path) -> None:
    def seconds(*device: str) -> float:
        arguments = ("estimate", str(GOOD), "engine.kind=vllm", "after.engine.kind=vllm", *device, "--json")
        result = lab(*arguments, "--runs", str(tmp_path))
        return float(json.loads(result.stdout)["total"]["seconds"])

    assert seconds("--device", "h100") < seconds("--device", "l4")
    assert seconds("--device", "cpu") > 0
    wrong = lab("estimate", str(GOOD), "--device", "h10")
    assert (wrong.exit_code, wrong.stderr) == (2, "lab: --device h10: unknown device. Did you mean 'h100'?\n")
    assert machine_of("cuda").gpus[0].name == "a100"
    assert (strength("NVIDIA H200"), strength("something else")) == (pytest.approx(989 / 312), 1)
    with pytest.raises(InputError):
        machine_of("")


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_help_ends_with_examples(command: str) -> None:
    text = " ".join(lab(command, "--help").output.split())
    for line in EXAMPLES[command]:
        assert line.startswith(f"lab {command}")
        assert line in text


def test_completion(runs: Path) -> None:
    class Context:
        params = {"runs": runs, "kind": "strategies"}

    assert completing.runs(Context(), "ev") == ["evaluate"]  # type: ignore[arg-type]
    assert completing.runs(Context(), "x") == []  # type: ignore[arg-type]
    assert completing.kinds("str") == ["strategies"]
    assert completing.names(Context(), "mc") == ["mcts"]  # type: ignore[arg-type]
    assert "smollm2-135m" in completing.models("smol")
    assert completing.engines("fa") == ["fake"]


def test_dots_go_down_in_a_task() -> None:
    made = parse("jsonl:a.jsonl,checker.kind=numeric,columns.answer=gold", Task, "x")
    assert made["checker"] == {"kind": "numeric"}
    assert made["columns"] == {"answer": "gold"}
    assert parse("jsonl:a.jsonl,checker=numeric,checker.tolerance=0.1", Task, "x")["checker"] == {
        "kind": "numeric",
        "tolerance": 0.1,
    }
    with pytest.raises(InputError, match="it cannot have keys"):
        parse("jsonl:a.jsonl,limit=3,limit.x=1", Task, "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("say #1 # here", "say #1 # here"),
        ("#tag", "#tag"),
        ("a#b", "a#b"),
        ("'x # y'", "x # y"),
        ("[1, 2]", [1, 2]),
    ],
)
def test_a_hash_is_no_comment(text: str, value: object) -> None:
    assert scalar(text, "x") == value


def test_the_folder_of_a_train_stage_is_a_model(tmp_path: Path) -> None:
    import shutil

    from lab.models import config_of, resolve
    from lab.run.folders.views import Finished

    stage = tmp_path / "mine" / "tuned-abc"
    shutil.copytree(resolve("tiny").path, stage / "model")
    (stage / "manifest.json").write_text(
        json.dumps({"kind": "train", "recipe": "mine", "stage": "tuned", "output": "x"})
    )
    assert resolve(str(stage)).digest == resolve("tiny").digest
    assert config_of(str(stage)) == config_of("tiny")
    command = f"evaluate --model {stage} --task reasoning_gym:gcd --limit 2 --engine fake --strategy greedy"
    result = lab(*command.split(), "--runs", str(tmp_path), "--no-report")
    assert result.exit_code == 0, result.output
    (done,) = (tmp_path / "evaluate").glob("evaluate-*")
    manifest = json.loads((done / "manifest.json").read_text())
    assert view_of(Finished("evaluate", "evaluate", done, manifest)).model == "mine/tuned"
