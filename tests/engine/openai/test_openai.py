"""The openai engine against a small server on loopback that can be busy, broken, slow, rude or gone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from engine_contract import PLAIN, YES_NO, ask, draw

from lab.core.protocols import Weights
from lab.core.types import Request, Sampling
from lab.engine.openai.config import OpenAIConfig
from lab.errors import EngineError, StageError
from lab.models.tiny import byte_tokenizer

Reply = tuple[int, Any, dict[str, str]]


def spoken(text: str = "A river flows.", **choice: Any) -> Reply:
    """A well-formed chat completion."""
    usage = {"prompt_tokens": 12, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    message = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return 200, {"choices": [message | choice], "usage": usage}, {}


@dataclass
class Server:
    """`script(n, body)` answers the n-th chat request (from 0)."""

    script: Callable[[int, dict[str, Any]], Reply] = lambda n, body: spoken()
    models: Any = field(default_factory=lambda: {"data": [{"id": "tiny", "owned_by": "someone"}]})
    versions: dict[str, Any] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    active: int = 0
    most: int = 0
    url: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    state, lock = Server(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/models"):
                self.answer(200, state.models, {})
            else:
                known = self.path in state.versions
                self.answer(200 if known else 404, state.versions.get(self.path, {}), {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                number = len(state.bodies)
                state.bodies.append(body)
                state.times.append(time.monotonic())
                state.headers.append(dict(self.headers))
                state.active += 1
                state.most = max(state.most, state.active)
            try:
                reply = state.script(number, body)
            finally:
                with lock:
                    state.active -= 1
            self.answer(*reply)

        def answer(self, status: int, value: Any, headers: dict[str, str]) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"content-length": str(len(data)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """A client that hung up is part of the tests."""

    http = Quiet(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def open_engine(server: Server, weights: Weights) -> Iterator[Callable[..., Any]]:
    opened = []

    def open_it(**fields: Any) -> Any:
        config = OpenAIConfig(
            **{"base_url": server.url, "backoff": 0.01, "attempts": 3, "timeout": 5.0} | fields
        )
        engine = config.open(weights, expected_tokens=0)
        opened.append(engine)
        return engine

    yield open_it
    for engine in opened:
        engine.close()
        engine.close()


def test_a_reply_becomes_a_completion(
    server: Server, open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret")
    engine = open_engine(api_key_env="SOME_KEY", extra={"top_k": 5})
    found = draw(engine, [ask(stop=("\n",), temperature=0.5), ask(temperature=0.0)])[0]
    usage = found.usage
    assert (found.text, found.finish_reason) == ("A river flows.", "stop")
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (12, 8, 4)
    sent, greedy = sorted(server.bodies, key=lambda body: -body["temperature"])
    assert sent["messages"] == list(PLAIN)
    expected = {"model": "tiny", "max_tokens": 16, "seed": 1, "stop": ["\n"], "top_k": 5}
    assert expected.items() <= sent.items()
    assert not {"seed", "stop", "logprobs"} & greedy.keys()
    assert server.headers[0]["Authorization"] == "Bearer s3cret"
    former = engine.former_identity
    assert former == f"openai:{server.url}:tiny:{former.rpartition(':')[2]}", "as banks had it before"
    assert engine.identity == f"{former}:version-unknown"


@pytest.mark.parametrize(
    ("path", "said", "version"),
    [
        ("/version", {"version": "0.11.0"}, "0.11.0"),
        ("/api/version", {"version": "0.12.6"}, "0.12.6"),
        ("/version", {"version": 7}, "unknown"),
        ("/version", {"version": " "}, "unknown"),
        ("/version", {"version": "a\nb"}, "unknown"),
        ("/version", b"<html>", "unknown"),
        ("/version", [1], "unknown"),
        ("/elsewhere", {"version": "9"}, "unknown"),
    ],
)
def test_the_version_of_the_server_is_in_the_name_of_a_sample(
    server: Server, open_engine: Any, path: str, said: Any, version: str
) -> None:
    server.versions = {path: said}
    engine = open_engine()
    assert engine.identity == f"openai:{server.url}:tiny:version-{version}"
    assert any("does not tell its version" in note for note in engine.notes) == (version == "unknown")


def test_where_no_version_is_told_the_fingerprints_are_written_down(
    server: Server, open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret-s3cret")
    prints = ["fp_1", "fp_2", "fp_1", "s3cret-s3cret", 5]
    server.script = lambda n, body: (200, spoken()[1] | {"system_fingerprint": prints[n % 5]}, {})
    engine = open_engine(api_key_env="SOME_KEY", concurrency=1)
    draw(engine, [ask(seed=i) for i in range(5)])
    (note,) = engine.notes
    assert "It calls itself fp_1, fp_2, " in note
    assert "s3cret" not in note


def test_a_prefix_is_sent_as_a_turn_to_continue(server: Server, open_engine: Any) -> None:
    draw(open_engine(), [Request(PLAIN, Sampling(seed=1), prefix="Rivers are")])
    sent = server.bodies[0]
    assert sent["messages"][-1] == {"role": "assistant", "content": "Rivers are"}
    assert (sent["add_generation_prompt"], sent["continue_final_message"]) == (False, True)


def test_render_without_a_tokenizer_shares_what_the_messages_share(server: Server, open_engine: Any) -> None:
    engine = open_engine()
    one, other = engine.render(Request(PLAIN)), engine.render(Request(PLAIN, prefix="Rivers"))
    assert one != other
    assert bytes(one).startswith(b'[{"content":"Tell me one short fact')
    assert one[:60] == other[:60]


def test_logprobs_are_read(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: spoken(
        logprobs={"content": [{"token": "A", "logprob": -0.5, "top_logprobs": []}]}
    )
    assert draw(open_engine(), [ask(logprobs=True)])[0].logprobs == (-0.5,)
    assert server.bodies[0]["logprobs"] is True


def test_the_likelihood_of_a_text_is_read_off_a_vllm_server(
    server: Server, open_engine: Any, tmp_path: Path
) -> None:
    """The rendered tokens are sent, and those of the prefix read; anything but that is a failure."""
    byte_tokenizer().save_pretrained(tmp_path)
    server.models = {"data": [{"id": "tiny", "owned_by": "vllm"}]}
    engine = open_engine(tokenizer=str(tmp_path))
    scored = Request(PLAIN, Sampling(0.0, max_tokens=1, seed=1, score_prefix=True), prefix="Sea")

    def script(n: int, body: dict[str, Any]) -> Reply:
        entries = [{str(token): {"logprob": -at / 100}} for at, token in enumerate(body["prompt"])]
        status, reply, headers = spoken(prompt_logprobs=[None, *entries[1:]] if n < 1 else [None])
        reply["choices"][0]["text"] = "x"
        return status, reply, headers

    server.script = script
    found, useless = draw(engine, [scored])[0], draw(engine, [scored])[0]
    sent = server.bodies[0]
    assert (sent["prompt"], sent["prompt_logprobs"]) == (list(engine.render(scored)), 0)
    last = len(sent["prompt"])
    assert found.prefix_logprobs == tuple(-at / 100 for at in range(last - 3, last))
    assert useless.finish_reason == "error"
    assert "no log-probabilities of the prompt" in useless.error
    assert draw(engine, [Request(PLAIN, scored.sampling)])[0].error.startswith(
        "ValueError: score_prefix needs"
    )


def test_the_likelihood_of_a_text_is_refused_where_the_server_cannot(
    server: Server, open_engine: Any
) -> None:
    scored = Request(PLAIN, Sampling(0.0, max_tokens=1, seed=1, score_prefix=True), prefix="Sea")
    (found,) = draw(open_engine(), [scored])
    assert found.finish_reason == "error"
    assert found.error == "scoring a given text needs a vLLM server and the model's tokenizer"
    assert not server.bodies


def choice_reply(said: str, **listed: float) -> Reply:
    top = [{"token": token, "logprob": value} for token, value in listed.items()]
    first = {"token": said, "logprob": listed.get(said, -9.0), "top_logprobs": top}
    return spoken(said, logprobs={"content": [first]})


@pytest.mark.parametrize(
    ("said", "listed", "text", "choices"),
    [
        ("No", {"Yes": -1.0, "No": -2.0}, "No", {"Yes": -1.0, "No": -2.0}),
        ("Well", {"Yes": -1.0, "No": -2.0, "Well": -0.1}, "Yes", {"Yes": -1.0, "No": -2.0}),
        ("Yes", {"Yes": -0.1, "Maybe": -7.0}, "Yes", {"Yes": -0.1, "No": -7.0}),
    ],
)
def test_choices_from_the_likeliest_tokens(
    server: Server,
    open_engine: Any,
    said: str,
    listed: dict[str, float],
    text: str,
    choices: dict[str, float],
) -> None:
    server.script = lambda n, body: choice_reply(said, **listed)
    found = draw(open_engine(), [Request(YES_NO, Sampling(0.0, seed=1, allowed_tokens=("Yes", "No")))])[0]
    assert (found.text, found.choices) == (text, choices)
    assert (server.bodies[0]["top_logprobs"], server.bodies[0]["max_tokens"]) == (20, 1)


def test_choices_nowhere_in_sight_are_a_failure(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: choice_reply("Well", Well=-0.1)
    found = draw(open_engine(), [Request(YES_NO, Sampling(0.0, seed=1, allowed_tokens=("Yes", "No")))])[0]
    assert found.finish_reason == "error"
    assert "most likely" in found.error


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server: Server, open_engine: Any, status: int) -> None:
    server.script = lambda n, body: (status, {"error": {"message": "busy"}}, {}) if n < 2 else spoken()
    assert draw(open_engine(), [ask()])[0].finish_reason == "stop"
    assert len(server.bodies) == 3


def test_retry_after_is_honoured(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: (429, {}, {"retry-after": "0.4"}) if n < 1 else spoken()
    assert draw(open_engine(), [ask()])[0].finish_reason == "stop"
    assert 0.4 <= server.times[1] - server.times[0] < 2


def test_waits_double(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: (429, {}, {}) if n < 3 else spoken()
    draw(open_engine(attempts=4, backoff=0.1), [ask()])
    gaps = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert [gap >= wait for gap, wait in zip(gaps, (0.1, 0.2, 0.4), strict=True)] == [True] * 3


def test_a_server_that_stays_overloaded_is_an_engine_error(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: (429, {"error": {"message": "slow down"}}, {})
    with pytest.raises(EngineError, match=r"3 attempts.*slow down"):
        draw(open_engine(), [ask()])
    assert len(server.bodies) == 3


def test_a_request_that_breaks_the_server_fails_alone(server: Server, open_engine: Any) -> None:
    def script(n: int, body: dict[str, Any]) -> Reply:
        return (500, b"<html>oops</html>", {}) if body["max_tokens"] == 7 else spoken()

    server.script = script
    good, bad = draw(open_engine(), [ask(), ask(max_tokens=7)])
    assert (good.finish_reason, bad.finish_reason) == ("stop", "error")
    assert "HTTP 500" in bad.error
    assert "3 times" in bad.error


def test_a_refused_request_carries_the_servers_words(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: (400, {"error": {"message": "context length is 64"}}, {})
    found = draw(open_engine(), [ask()])[0]
    assert found.finish_reason == "error"
    assert "context length is 64" in found.error
    assert len(server.bodies) == 1


def test_a_refused_key_ends_the_stage(server: Server, open_engine: Any) -> None:
    server.script = lambda n, body: (401, {"error": {"message": "bad key"}}, {})
    with pytest.raises(StageError, match="OPENAI_API_KEY"):
        draw(open_engine(), [ask()])
    assert len(server.bodies) == 1, "it was asked again with the same key"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not json", "not valid JSON"),
        ({"choices": []}, "no answer"),
        ({"choices": [{"message": {"content": "7"}}]}, "usage"),
        ({"choices": {}, "usage": {"prompt_tokens": 1, "completion_tokens": 1}}, "no answer"),
        (
            {"choices": [{"message": None}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
            "unexpected shape",
        ),
        (["a", "list"], "unexpected shape"),
        (spoken(finish_reason="content_filter")[1], "content filter"),
    ],
)
def test_malformed_replies_fail_alone(server: Server, open_engine: Any, data: Any, words: str) -> None:
    server.script = lambda n, body: (200, data, {})
    found = draw(open_engine(), [ask()])[0]
    assert found.finish_reason == "error"
    assert words in found.error


def test_a_hanging_server_times_out(server: Server, open_engine: Any) -> None:
    release = threading.Event()

    def hang(n: int, body: dict[str, Any]) -> Reply:
        release.wait(30)
        return spoken()

    server.script = hang
    engine = open_engine(timeout=0.3, attempts=2)
    started = time.monotonic()
    with pytest.raises(EngineError, match=r"no complete reply within 0\.3 s"):
        draw(engine, [ask()])
    assert time.monotonic() - started < 10, "it waited for the server"
    engine.close()
    release.set()


def test_no_server_ends_the_stage_after_two_tries_and_says_what_to_do(weights: Weights) -> None:
    started = time.monotonic()
    config = OpenAIConfig(base_url="http://127.0.0.1:9/v1", backoff=0.5, attempts=9)
    with pytest.raises(StageError, match=r"no server answers at .*Start the server.*engine\.base_url"):
        config.open(weights, expected_tokens=0)
    assert time.monotonic() - started < 5


def test_a_stage_that_is_started_again_waits_for_its_server(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.system.process.again", True)
    config = OpenAIConfig(base_url="http://127.0.0.1:9/v1", backoff=0.01, attempts=3)
    with pytest.raises(EngineError, match=r"in 3 attempts.*It answered before the stage was started again"):
        config.open(weights, expected_tokens=0)


def test_a_model_the_server_lacks_names_the_nearest(open_engine: Any) -> None:
    with pytest.raises(StageError, match=r"has no model 'tinny'\. Did you mean 'tiny'\?"):
        open_engine(model="tinny")


def test_a_server_without_a_list_of_models_gets_the_stages_model(server: Server, open_engine: Any) -> None:
    server.models = b"what?"
    draw(open_engine(), [ask()])
    assert server.bodies[0]["model"] == "tiny"


def test_requests_run_concurrently_up_to_the_limit(server: Server, open_engine: Any) -> None:
    def slowly(n: int, body: dict[str, Any]) -> Reply:
        time.sleep(0.05)
        return spoken()

    server.script = slowly
    engine = open_engine(concurrency=8)
    started = time.monotonic()
    found = draw(engine, [ask(seed=seed) for seed in range(40)])
    wall = time.monotonic() - started
    assert 4 <= server.most <= 8
    assert wall < 40 * 0.05, "one after the other would take at least that"
    assert sum(c.seconds for c in found) == pytest.approx(engine.seconds, rel=1e-6)
    assert 0.2 < engine.seconds <= wall


def test_closing_cancels_what_is_under_way(server: Server, open_engine: Any) -> None:
    release = threading.Event()
    server.script = lambda n, body: (release.wait(30), spoken())[1]
    engine = open_engine()
    engine.submit(0, ask(), engine.render(ask()))
    assert engine.poll() == []
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 10, "it waited for the server"
    release.set()


def test_faults_name_a_bad_address() -> None:
    assert dict(OpenAIConfig(base_url="localhost:8000").faults()).keys() == {"base_url"}


def test_confidence_is_read_off_the_listed_tokens(server: Server, open_engine: Callable[..., Any]) -> None:
    """Of the 20 likeliest at each position; a server that lists fewer gives none; certainty none gives."""

    def position(values: list[float]) -> dict[str, Any]:
        return {
            "token": "x",
            "logprob": values[0],
            "top_logprobs": [{"token": "x", "logprob": v} for v in values],
        }

    full = [-0.1 * k for k in range(1, 21)]
    listed = [[*full, -9.0], full[::-1]]
    for lists, expected in ((listed, (1.05, 1.05)), ([full, full[:5]], ())):
        server.script = lambda n, body, lists=lists: spoken(
            logprobs={"content": [position(v) for v in lists]}
        )  # type: ignore[misc]
        found = draw(open_engine(), [ask(certainty=True)])[0]
        assert found.confidence == pytest.approx(expected)
        assert found.certainty == found.logprobs == ()
    assert server.bodies[-1]["top_logprobs"] == 20
    draw(open_engine(), [ask()])
    assert "top_logprobs" not in server.bodies[-1]


def test_stop_strings_are_named_where_the_server_tells(
    server: Server, open_engine: Callable[..., Any]
) -> None:
    server.script = lambda n, body: spoken(stop_reason="\n") if n == 0 else spoken("A river\nflows.")
    told = draw(open_engine(), [ask(stop=("\n",))])[0]
    assert (told.text, told.stopped) == ("A river flows.", "\n")
    left_in = draw(open_engine(), [ask(stop=("\n",))])[0]
    assert (left_in.text, left_in.stopped) == ("A river", "\n")
    assert draw(open_engine(), [ask()])[0].stopped == ""
