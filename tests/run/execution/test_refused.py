"""A whole run against a server on this machine that refuses, and the same run once it is mended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from lab.run.cli import app

RECIPE = """name: refused
engine: {{kind: openai, base_url: "http://127.0.0.1:{port}/v1", backoff: 0.1}}
stages:
  test:
    kind: evaluate
    model: tiny
    sampling: {{max_tokens: 32}}
    tasks: [{{kind: jsonl, test: {data}, checker: {{kind: numeric}}}}]
    strategies: [{strategies}]
"""
VOTE, BEST = "{kind: self_consistency, n: 2}", "{kind: best_of_n, n: 2}"
CONTEXT = "This model's maximum context length is 16 tokens. However, you requested 266 tokens."


class Listener(ThreadingHTTPServer):
    """Room for every connection of the engine at once: the default of 5 drops some on a busy machine."""

    request_queue_size = 256
    daemon_threads = True


class Server(BaseHTTPRequestHandler):
    """Answers as `mode` says."""

    mode: ClassVar[str] = "refuse"

    def do_GET(self) -> None:
        self.reply(200, {"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = body["messages"][-1]["content"]
        if self.mode == "refuse" or (self.mode == "long" and "What is 7 " in question):
            return self.reply(400, {"error": {"message": CONTEXT, "code": "context_length_exceeded"}})
        numbers = {"content": [{"token": "x", "logprob": -0.5, "top_logprobs": []}] * 5}
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": "The answer is 2."}}
        choice |= {"finish_reason": "stop", "logprobs": None if self.mode == "bare" else numbers}
        usage = {"prompt_tokens": 10, "completion_tokens": 5}
        return self.reply(
            200, {"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}
        )

    def reply(self, code: int, data: dict[str, Any]) -> None:
        content = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = Listener(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def run(tmp_path: Path, port: int, mode: str, *strategies: str) -> tuple[int, str]:
    Server.mode = mode
    data, recipe = tmp_path / "data.jsonl", tmp_path / "recipe.yaml"
    rows = ({"question": f"What is {n} + 1?", "answer": n + 1} for n in range(20))
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe.write_text(RECIPE.format(port=port, data=data, strategies=", ".join(strategies)))
    done = CliRunner().invoke(app, ["run", str(recipe), "--runs", str(tmp_path / "runs")])
    return done.exit_code, " ".join(done.output.split())


def test_a_refusal_is_one_message_and_no_number_and_the_mended_server_goes_on(
    tmp_path: Path, port: int
) -> None:
    code, said = run(tmp_path, port, "refuse", VOTE)
    assert code == 1
    assert (
        "stage test: strategy 'self_consistency': all of its 20 answers failed, so nothing was measured"
        in said
    )
    assert CONTEXT in said
    assert "✓" not in said
    assert not list(tmp_path.glob("runs/refused/*/manifest.json"))
    assert not list(tmp_path.glob("runs/refused/*/points.csv"))
    code, said = run(tmp_path, port, "long", VOTE)
    assert (code, "done before" in said) == (0, False), said
    (points,) = tmp_path.glob("runs/refused/*/points.csv")
    head, *lines = points.read_text().splitlines()
    assert head.endswith("origin,failed,unscored,latency_p50,latency_p95,concurrency,readers")
    gaps = {tuple(line.rpartition("measured")[2].split(",")[1:3]) for line in lines if "measured" in line}
    assert gaps == {("1", "0")}


def test_a_server_without_log_probabilities_is_named_by_who_needs_them(tmp_path: Path, port: int) -> None:
    code, said = run(tmp_path, port, "bare", VOTE, BEST)
    assert code == 1
    assert "strategy 'best_of_n[mean_logprob]': all of its 20 answers failed" in said
    assert "the engine returned no log-probabilities of the tokens" in said
    assert run(tmp_path, port, "bare", VOTE)[0] == 0, "a vote needs none"
