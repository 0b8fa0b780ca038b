"""The commands as a person meets them: output, exit codes, messages; in process and as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.errors import EngineError, InputError, StageError
from lab.run.cli import app
from lab.run.cli.catalogue import KINDS
from lab.run.execution import runner

ROOT = Path(__file__).parents[3]
GOOD = Path(__file__).parents[1] / "good.yaml"


COMMANDS = ("run", "check", "estimate", "generate", "train", "evaluate", "report", "list", "show", "doctor")


def lab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from lab.run.cli import main; main()", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120, **options
    )


def test_version_and_help() -> None:
    assert lab("--version").output.startswith("lab 0.")
    text = lab("--help").output
    for command in COMMANDS:
        assert f"  {command} " in text


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_every_member(kind: str) -> None:
    plain, data = lab("list", kind), json.loads(lab("list", kind, "--json").output)
    assert plain.exit_code == 0
    assert data
    for entry in data:
        assert entry["name"] in plain.output
        assert entry["doc"], f"{entry['name']} has no docstring"
        for field in entry["fields"]:
            assert field["doc"], f"{entry['name']}.{field['name']} has no docstring"


def test_list_of_nothing_known() -> None:
    result = lab("list", "strategy")
    assert result.exit_code == 2
    assert (
        result.stderr == "lab: argument 'strategy': 'strategy' cannot be listed. Did you mean 'strategies'?\n"
    )


def test_check_prints_a_plan_per_stage() -> None:
    result = lab("check", str(GOOD))
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{GOOD}: ok",
        "  corpus  generate with smollm2-135m on fake: gcd (4); rejection_sampling; verified",
        "  tuned   train smollm2-135m on corpus with sft",
        "  before  evaluate smollm2-135m on fake: gcd (4), chain_sum (4); greedy, self_consistency, "
        "best_of_n[mean_logprob]",
        "  after   evaluate tuned on fake: gcd (4), chain_sum (4); greedy, self_consistency, "
        "best_of_n[mean_logprob]",
        "  report  report on before, after",
    ]


def test_check_of_several_reports_each_and_exits_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.read_text().replace("seed: 0", "sede: 0"))
    result = lab("check", str(bad), str(GOOD), str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert f"{bad}:2: sede: unknown key. Did you mean 'seed'?" in result.stderr
    assert f"{GOOD}: ok" in result.stdout
    assert "none.yaml: there is no such file" in result.stderr
    data = json.loads(lab("check", "--json", str(bad), str(GOOD)).stdout)
    assert [entry["ok"] for entry in data] == [False, True]
    assert data[0]["mistakes"] == [f"{bad}:2: sede: unknown key. Did you mean 'seed'?"]


def test_check_full_is_a_recipe_itself(tmp_path: Path) -> None:
    full = tmp_path / "full.yaml"
    full.write_text(lab("check", "--full", str(GOOD)).output)
    assert lab("check", str(full)).exit_code == 0


def test_estimate_as_json(tmp_path: Path) -> None:
    result = lab("estimate", str(GOOD), "before.tasks.0.limit=2", "--runs", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    stages = {s["stage"]: s for s in json.loads(result.stdout)["stages"]}
    assert stages["before"]["problems"] == 6
    assert "expected" not in result.stderr
    assert "total" in lab("estimate", str(GOOD), "--runs", str(tmp_path)).output


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError("wrong", where="f:1"), 2, "lab: f:1: wrong\n"),
        (StageError("stopped"), 1, "lab: stopped\n"),
        (EngineError("died \x1b[0m"), 1, "lab: died \\u001b[0m\n"),
        (KeyboardInterrupt(), 130, "lab: stopped; run the same command again to continue\n"),
    ],
)
def test_errors_are_one_message(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(runner, "run_recipe", fail)
    result = lab("run", str(GOOD))
    assert result.exit_code == code
    assert result.stderr == text
    assert result.stdout == ""


def test_an_unexpected_error_says_where_the_traceback_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(runner, "run_recipe", fail)
    result = lab("run", str(GOOD))
    assert result.exit_code == 1
    assert "ZeroDivisionError: oh" in result.stderr
    assert "Traceback" not in result.stderr
    path = Path(result.stderr.strip().rsplit(" ", 1)[-1])
    assert "Traceback" in path.read_text()
    path.unlink()
    assert "Traceback" in lab("--debug", "run", str(GOOD)).stderr


EVALUATE = {"--model": "tiny", "--task": "reasoning_gym:gcd", "--strategy": "greedy"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "run recipes/quickstart.yml",
            "quickstart.yml: there is no such file. Did you mean 'quickstart.yaml'?",
        ),
        ("run recipes/quickstart.yaml befor.seed=1", "Did you mean 'before'?"),
        ("run", "Missing argument"),
        ("runn", "Did you mean 'run'?"),
        ("run --rnus x y", "No such option"),
        ("show nothing", "lab: argument 'nothing': there is no run 'nothing' in runs"),
        ("report nothing", "lab: argument 'nothing': there is no run 'nothing' in runs"),
        ("evaluate", "Missing option"),
        (
            {"--model": "smolm2-135m"},
            "--model smolm2-135m: stages.evaluate.model: there is no model 'smolm2-135m'.",
        ),
        ({"--task": "reasoning_gim:gcd"}, "--task reasoning_gim:gcd: unknown kind 'reasoning_gim'. Did you"),
        ({"--task": "reasoning_gym:gdc"}, "--task reasoning_gym:gdc: stages.evaluate.tasks[0].dataset: "),
        ({"--strategy": "sample:n=0"}, "--strategy sample:n=0: stages.evaluate.strategies[0].n: expected"),
        ({"--limit": "0"}, "--limit 0: stages.evaluate.tasks[0].limit: expected"),
        ({"--engine": "fkae"}, "--engine fkae: unknown kind 'fkae'. Did you mean 'fake'?"),
        ({"--max-tokens": "0"}, "--max-tokens 0: stages.evaluate.sampling.max_tokens: expected"),
        ({"--seed": "x"}, "Invalid value for '--seed'"),
        ({"--name": "a/b"}, "cannot be used as the name of a folder"),
        ("generate --model tiny --task reasoning_gym:gcd --filter verifed", "Did you mean 'verified'?"),
        (
            "train --model tiny --data no/where",
            "--data no/where: stages.train.data: there is no generate stage",
        ),
    ],
)
def test_wrong_arguments_exit_2(arguments: str | dict[str, str], message: str) -> None:
    if isinstance(arguments, dict):
        arguments = "evaluate " + " ".join(f"{k} {v}" for k, v in {**EVALUATE, **arguments}.items())
    result = lab(*arguments.split())
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_real_exit_codes(tmp_path: Path) -> None:
    assert process("check", "recipes/quickstart.yaml").returncode == 0
    assert process("check", str(tmp_path / "x.yaml")).returncode == 2
    assert process("nonsense").returncode == 2
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = process("run", str(GOOD), "--runs", str(blocked))
    assert (done.returncode, done.stdout) == (2, "")
    assert "this folder cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_failure() -> None:
    command = f"{sys.executable} -c 'from lab.run.cli import main; main()' list tasks --json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.stdout
    assert done.stderr == b""


def test_interrupt_says_that_the_command_continues(tmp_path: Path) -> None:
    program = (
        "import lab.run.execution.runner, signal, time, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it\n"
        "def slow(*a, **k):\n    print('ready', flush=True); time.sleep(60)\n"
        "lab.run.execution.runner.run_recipe = slow\n"
        "from lab.run.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "run", str(GOOD), "--runs", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.1)
        os.kill(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert child.returncode == 130
    assert errors == "lab: stopped; run the same command again to continue\n"


def test_mistakes_in_local_files_show_before_anything_runs(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "1 + 1?", "anser": 2}\n')
    recipe = tmp_path / "r.yaml"
    task = f"{{kind: jsonl, test: {rows}}}"
    recipe.write_text(GOOD.read_text().replace("{kind: reasoning_gym, dataset: chain_sum, limit: 4}", task))
    place = f"{recipe}:17: stages.before.tasks[1]: {rows}:1: columns.answer: there is no column 'answer'."
    assert lab("check", str(recipe)).exit_code == 0
    for command in (["check", "--data"], ["run", "--runs", str(tmp_path / "runs")]):
        result = lab(*command, str(recipe))
        assert result.exit_code == 2
        assert f"{place} Did you mean 'anser'?" in result.stderr
    rows.write_text("")
    assert f"{rows}" in lab("check", "--data", str(recipe)).stderr
    assert not (tmp_path / "runs").exists()
