"""Several models in one evaluate stage: each is found, asked by its name, and charged under it."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lab.run.cli import app

RECIPE = """name: judged
engine: {kind: fake}
stages:
  all:
    kind: evaluate
    model: tiny
    models: {judge: {model: tiny}, small: {model: tiny, engine: {kind: fake, batch: 2}}}
    sampling: {temperature: 0.8, max_tokens: 24}
    tasks: [{kind: reasoning_gym, dataset: chain_sum, limit: 4}]
    strategies:
      - {kind: greedy}
      - {kind: greedy, name: small, model: small}
      - {kind: best_of_n, n: 4, scorer: {kind: p_true, model: judge}}
"""


def run(tmp_path: Path, text: str, *command: str) -> tuple[int, str]:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text)
    runs = ("--runs", str(tmp_path / "runs")) if command[0] == "run" else ()
    done = CliRunner().invoke(app, [*command, str(recipe), *runs])
    return done.exit_code, done.output


def test_verifier_and_policy_are_routed_and_charged_apart(tmp_path: Path) -> None:
    code, output = run(tmp_path, RECIPE, "run")
    assert code == 0, output
    (folder,) = (tmp_path / "runs" / "judged").glob("all-*")
    rows = pq.read_table(folder / "ledger.parquet").to_pylist()
    roles = {(r["strategy"], r["role"]) for r in rows}
    assert roles == {
        ("greedy", "policy"),
        ("small", "policy"),
        ("best_of_n[p_true:judge]", "policy"),
        ("best_of_n[p_true:judge]", "verifier"),
    }
    verified = [r for r in rows if r["role"] == "verifier"]
    answers = pq.read_table(folder / "answers.parquet").to_pylist()
    best = [r for r in answers if r["kind"] == "best_of_n"]
    assert 4 < len(verified) == sum(len({c["text"] for c in r["candidates"]}) for r in best)
    assert all(r["flops_logical"] > 0 for r in verified)


def test_a_reward_model_wants_a_classifier(tmp_path: Path) -> None:
    text = RECIPE.replace("kind: p_true, model: judge", "kind: reward_model, model: judge")
    judge = "judge: {model: tiny, engine: {kind: hf}}"
    code, output = run(tmp_path, text.replace("judge: {model: tiny}", judge), "check")
    assert code == 2
    assert "the model 'judge' runs in engine 'hf'; a reward model needs engine kind 'classifier'" in " ".join(
        output.split()
    )
    code, output = run(tmp_path, text, "check")
    assert code == 0, output
    real = text.replace("engine: {kind: fake}\nstages", "engine: {kind: vllm}\nstages")
    code, output = run(tmp_path, real, "check")
    assert code == 2, "the stage's own engine serves it"
    assert "'judge' runs in engine 'vllm'" in " ".join(output.split())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "model: judge}",
            "model: jugde}",
            "scorer.model: the stage has no model called 'jugde'. Did you mean 'judge'?",
        ),
        (
            "model: small}",
            "model: elsewhere}",
            "strategies[1].model: the stage has no model called 'elsewhere'.",
        ),
        (
            "judge: {model: tiny}",
            "judge: {model: tyny}",
            "models.judge.model: there is no model 'tyny'. Did you mean",
        ),
        ("judge: {model: tiny}", "judge: {modell: tiny}", "judge.modell: unknown key. Did you mean 'model'?"),
        (
            "judge: {model: tiny}",
            "judge: {model: later}",
            "stages.all.models.judge.model: there is no model 'later'",
        ),
    ],
)
def test_names_that_are_not_there(old: str, new: str, message: str, tmp_path: Path) -> None:
    code, output = run(tmp_path, RECIPE.replace(old, new), "check")
    assert code == 2
    assert message in output.replace("\n", " "), output
    assert ".yaml:" in output
