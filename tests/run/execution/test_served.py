"""A model behind a server, of which nothing is here: checked, estimated, run; and no secret in any file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from faulty_server import FaultyServer, serving
from typer.testing import CliRunner

from lab.core.flops.model import UNKNOWN, FlopsModel
from lab.core.protocols import Weights
from lab.engine.openai.config import OpenAIConfig
from lab.errors import InputError
from lab.models import served
from lab.models.served import NOWHERE, flops_behind_server
from lab.run.cli import app
from lab.run.recipe.recipe import loads, render
from lab.system import redact

KEY, PASSWORD, EXTRA = "sk-KEYabcdefgh123", "PASSw0rd-xyz", "EXTRA-secret-789"
RECIPE = """name: behind
engine: {{kind: openai, base_url: "{url}", api_key_env: SERVER_KEY, extra: {{api_key: {extra}}}}}
stages:
  corpus:
    kind: generate
    model: gpt-tiny
    tasks: &tasks [{{kind: reasoning_gym, dataset: gcd, limit: 3}}]
    method: {{kind: rejection_sampling, samples: 2}}
    sampling: {{max_tokens: 16}}
    filters: []
  all:
    kind: evaluate
    model: gpt-tiny
    models: {{judge: {{model: other}}}}
    sampling: {{max_tokens: 16}}
    tasks: *tasks
    strategies: [{{kind: greedy}}, {{kind: self_consistency, n: 2}}]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    yield from serving()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", KEY)
    monkeypatch.setattr(redact, "_known", set())


def lab(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, " ".join(done.output.split())


def recipe(tmp_path: Path, url: str) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.format(url=url, extra=EXTRA))
    return str(path)


def mistakes(*overrides: str) -> str:
    """What `lab check` says of the recipe; "" where it is right."""
    try:
        loads(RECIPE.format(url="http://127.0.0.1:9/v1", extra=EXTRA), overrides=overrides)
    except InputError as error:
        return str(error)
    return ""


def test_any_name_will_do_behind_a_server_and_nowhere_else() -> None:
    assert mistakes() == ""
    found = mistakes("engine={kind: vllm}")
    assert "no model 'gpt-tiny'" in found
    assert "For a model on a server, set `engine: {kind: openai" in found


def test_no_secret_is_in_any_file_of_a_run(tmp_path: Path, server: FaultyServer) -> None:
    """Key, URL password and `extra` are sent; the server repeats key and `extra` in every answer."""
    path = recipe(tmp_path, server.url("echo", f"user:{PASSWORD}@"))
    runs = tmp_path / "runs"
    code, output = lab("run", path, "--runs", str(runs))
    assert code == 0, output
    assert server.keys[-1] == f"Bearer {KEY}"
    assert server.bodies[-1]["api_key"] == EXTRA
    files = [file for file in runs.rglob("*") if file.is_file()]
    assert {"bank.sqlite", "manifest.json", "log.txt", "README.md"} <= {file.name for file in files}
    for file in files:
        for secret in (KEY, PASSWORD, EXTRA):
            assert secret.encode() not in file.read_bytes(), f"{file} holds {secret}"
    answers = pq.read_table(next(runs.glob("behind/all-*/answers.parquet"))).to_pylist()
    assert redact.MARK in answers[0]["text"]
    assert answers[0]["flops_shared"] is None
    assert pq.read_table(next(runs.glob("behind/all-*/ledger.parquet")))["flops_shared"].null_count == 9
    audit = json.loads(next(runs.glob("behind/corpus-*/audit.json")).read_text())
    assert audit["cost"]["logical"]["flops_shared"] is None
    assert audit["cost"]["logical"]["completion_tokens"] == 30


def test_a_refused_key_shows_no_secret(tmp_path: Path, server: FaultyServer) -> None:
    path = recipe(tmp_path, server.url("401", f"user:{PASSWORD}@"))
    code, output = lab("run", path, "--runs", str(tmp_path / "runs"))
    assert code == 1
    assert "rejected the API key" in output
    assert "it is started again" not in output
    assert not list((tmp_path / "runs").rglob("manifest.json"))
    held = [file.read_bytes() for file in (tmp_path / "runs").rglob("*") if file.is_file()]
    for secret in (KEY, PASSWORD, EXTRA):
        assert secret not in output
        assert not any(secret.encode() in data for data in held)


def test_secrets_are_in_no_digest_and_no_printed_recipe() -> None:
    one, other = (
        loads(RECIPE.format(url=f"http://user:{password}@host/v1", extra=extra))
        for password, extra in (("p1", "e1"), ("p2", "e2"))
    )
    assert one.resolved("all") == other.resolved("all")
    assert render(one) == render(other)
    whole = loads(render(one, reveal=True))
    assert whole.engine == one.engine
    assert "user:p1@host" in whole.engine.base_url
    assert whole.engine.extra == {"api_key": "e1"}


def test_an_estimate_knows_tokens_only(tmp_path: Path) -> None:
    path = recipe(tmp_path, "http://127.0.0.1:9/v1")
    found = json.loads(CliRunner().invoke(app, ["estimate", path, "--json"]).output)
    assert found["total"]["flops"] is None
    assert found["total"]["requests"] == 15
    by_hand = CliRunner().invoke(app, ["estimate", path, "engine.parameters=1e9", "--json"]).output
    assert json.loads(by_hand)["total"]["flops"] > 1e11


def test_a_budget_of_flops_needs_a_size() -> None:
    limited = "all.strategies=[{kind: self_consistency, n: 2, budget_flops: 1e12}]"
    assert "`budget_flops` needs the model's size" in mistakes(limited)
    assert mistakes(limited, "engine.parameters=1e9") == ""


def test_what_is_here_of_a_model_is_used(tmp_path: Path) -> None:
    assert served("gpt-tiny") == Weights("gpt-tiny", NOWHERE, served("other").digest)
    assert flops_behind_server(served("gpt-tiny")) is UNKNOWN
    config = {"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
    (tmp_path / "config.json").write_text(json.dumps(config | {"vocab_size": 16, "intermediate_size": 16}))
    here = served(str(tmp_path))
    assert here.path == tmp_path.resolve()
    assert flops_behind_server(here).known
    (tmp_path / "config.json").write_text("{}")
    assert flops_behind_server(here) is UNKNOWN, "a config that says nothing is no guess"


def test_a_size_given_by_hand_is_of_one_model() -> None:
    engine = OpenAIConfig(parameters=1e9, model="big", tokenizer="folder")
    assert engine.flops() == FlopsModel.per_token(2e9)
    assert FlopsModel.per_token(2e9).decode(100, 2) == 2e9
    assert engine.for_model("big", "big") == engine
    judge = engine.for_model("judge", "big")
    assert (judge.flops(), judge.model, judge.tokenizer) == (None, "", "")
    both = OpenAIConfig(parameters=1, flops_per_token=1)
    assert [name for name, _ in both.faults()] == ["flops_per_token"]


def test_a_key_in_the_wrong_place_is_not_shown() -> None:
    found = mistakes(f"engine.api_key_env={KEY}")
    assert "the name of an environment variable that holds the key, not the key itself" in found
    assert KEY not in redact.redacted(found), "which is what a person is shown"
