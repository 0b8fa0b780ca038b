"""Sixty things a server can do, each through a whole evaluation: what a person is told, what is left behind.

An evaluation that cannot be done leaves no result; one that can has the tokens that the server named; and no
file holds a secret, whatever the server says. A StageError or EngineError ends `lab run` with exit code 1.
"""

from __future__ import annotations

import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty_server import FaultyServer, serving

from eval.evaluate import evaluate
from eval.evaluation.evaluation import Evaluation
from eval.strategies.confidence.answer_with_confidence import AnswerWithConfidence
from eval.strategies.selection.best_of_n import BestOfN
from eval.strategies.single.greedy import Greedy
from eval.strategies.single.sample import Sample
from eval.strategies.voting.adaptive_consistency import AdaptiveConsistency
from eval.strategies.voting.self_consistency import SelfConsistency
from eval.strategies.voting.weighted_self_consistency import WeightedSelfConsistency
from lab.core.bank.store import Bank
from lab.core.flops.model import UNKNOWN
from lab.core.protocols import Checker, Weights
from lab.core.types import Problem, Sampling, Verdict
from lab.engine.openai.config import OpenAIConfig
from lab.errors import EngineError, InputError, LabError, StageError
from lab.models.served import NOWHERE
from lab.system import redact
from lab.system.progress import Quiet

KEY, PASSWORD, EXTRA = "sk-KEYabcdefgh123", "PASSw0rd-xyz", "EXTRA-secret-789"
SLOW: dict[str, Any] = {"hang": {"timeout": 0.6}, "drip": {"timeout": 0.6}}
RESULTS = ("points.csv", "answers.parquet", "outcomes.parquet", "ledger.parquet")


class Seven(Checker):
    """Right when a 7 is in it."""

    def canonical(self, text: str) -> str | None:
        return "7" if "7" in text else None

    def check(self, problem: Problem, text: str) -> Verdict:
        return Verdict("7" in text, self.canonical(text))

    def points_at_answer(self, text: str) -> bool:
        """A number is read from a text that was cut off, too."""
        return True


class Sums:
    """Three problems."""

    label, limit, max_tokens, checker = "sums", None, None, Seven()

    def problems(self, split: str, *, seed: int = 0) -> list[Problem]:
        return [
            Problem(f"sums/{i}", ({"role": "user", "content": f"What is {i} + 7?"},), "7") for i in range(3)
        ]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    yield from serving()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", f" {KEY}\n")
    monkeypatch.setattr(redact, "_known", set())


def run(server: FaultyServer, mode: str, out: Path, strategies: Any = (), **fields: Any) -> list[str]:
    """One evaluation of a model of which nothing is here; returns the notes about the server, but for the one
    that its version is not known."""
    given = {"base_url": server.url(mode), "api_key_env": "SERVER_KEY", "extra": {"api_key": EXTRA}}
    given |= {"backoff": 0.01, "attempts": 3, "timeout": 20.0, "concurrency": 4}
    config = OpenAIConfig(**given | SLOW.get(mode, {}) | fields)
    engine = config.open(Weights("gpt-tiny", NOWHERE, "none"), expected_tokens=0)
    bank = Bank(out / "bank.sqlite")
    try:
        evaluate(
            Evaluation(
                run="faults",
                stage="all",
                model="gpt-tiny",
                tasks=[Sums()],
                strategies=strategies or [SelfConsistency(n=2)],
                sampling=Sampling(temperature=0.8, max_tokens=32),
                seed=0,
                sizes={"": UNKNOWN},
            ),
            engine=engine,
            bank=bank,
            out=out,
            progress=Quiet(),
        )
    finally:
        engine.close()
        bank.close()
    return [note for note in engine.notes if "does not tell its version" not in note]


def told(server: FaultyServer, mode: str, out: Path, **fields: Any) -> tuple[type[LabError], str]:
    """Kind and message of an evaluation that cannot be done."""
    with pytest.raises(LabError) as caught:
        run(server, mode, out, **fields)
    return type(caught.value), str(caught.value)


def no_secret(out: Path, *texts: str) -> None:
    for path in out.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        for secret in (KEY, PASSWORD, EXTRA, redact.basic("user", PASSWORD)):
            assert secret.encode() not in held, f"{path.name} holds {secret}"
    assert not any(secret in text for text in texts for secret in (KEY, PASSWORD, EXTRA))


BROKEN = [
    # mode, kind of error, words of the message, most requests
    ("401", StageError, "rejected the API key", 4),
    ("403", StageError, "rejected the API key", 4),
    ("404", StageError, "has no such model or address", 4),
    ("quota", StageError, "no quota left", 4),
    ("redirect", StageError, "redirects to another address (HTTP 302 to 'http://127.0.0.2:9/steal')", 4),
    ("429", EngineError, "slow down", 12),
    ("429-nan", EngineError, "slow down", 12),
    ("429-negative", EngineError, "slow down", 12),
    ("503", EngineError, "HTTP 503", 12),
    ("hang", EngineError, "no complete reply within 0.6 s", 12),
    ("drip", EngineError, "no complete reply within 0.6 s", 12),
    ("reset", EngineError, "cannot be reached", 12),
    ("half", EngineError, "cannot be reached", 12),
    ("garbage", EngineError, "cannot be reached", 12),
    ("long-headers", EngineError, "cannot be reached", 12),
    ("continue", EngineError, "cannot be reached", 12),
    ("400", StageError, "the server rejected the request: HTTP 400: the request is wrong", 6),
    ("400-weird", StageError, "HTTP 400", 6),
    ("context", StageError, "lower max_tokens", 6),
    ("no-temperature", StageError, "Set `sampling.temperature`", 6),
    ("500", StageError, "failed 3 times: HTTP 500: oops", 18),
    ("html", StageError, "not valid JSON", 18),
    ("bad-json", StageError, "not valid JSON", 18),
    ("empty", StageError, "not valid JSON", 18),
    ("204", StageError, "HTTP 204", 6),
    ("list", StageError, "unexpected shape", 6),
    ("null", StageError, "not valid JSON", 18),
    ("error-200", StageError, "upstream overloaded", 18),
    ("no-choices", StageError, "no answer (no 'choices')", 6),
    ("deep", StageError, "not valid JSON", 18),
    ("many-digits", StageError, "not valid JSON", 18),
    ("large", StageError, "larger than 1.1 MiB", 6),
    ("gzip-bomb", StageError, "larger than 1.1 MiB", 6),
    ("brotli", StageError, "uses the encoding 'br'", 18),
    ("dict-content", StageError, "expected a text or a list of parts", 6),
    ("int-content", StageError, "expected a text or a list of parts", 6),
    ("tool-call", StageError, "called a tool", 6),
    ("filter", StageError, "content filter", 6),
    ("finish-unknown", StageError, "unknown reason: 'tired'", 6),
    ("finish-list", StageError, "unknown reason", 6),
    ("finish-none", StageError, "no reason why it stopped", 6),
    ("usage-none", StageError, "set engine.tokenizer", 6),
    ("usage-zero", StageError, "set engine.tokenizer", 6),
    ("usage-negative", StageError, "expected a number of tokens, found -10", 6),
    ("usage-huge", StageError, "expected a number of tokens", 6),
    ("usage-int64", StageError, "expected a number of tokens", 6),
    ("usage-text", StageError, "expected a number of tokens, found 'ten'", 6),
    ("usage-float", StageError, "expected a number of tokens", 6),
    ("usage-infinite", StageError, "expected a number of tokens", 6),
    ("usage-once", StageError, "expected a number of tokens", 6),
    ("ids-large", StageError, "expected a token id", 6),
    ("ids-negative", StageError, "expected a token id", 6),
    ("echo-400", StageError, "HTTP 400", 6),
    ("echo-500", StageError, "HTTP 500", 18),
]


@pytest.mark.parametrize(("mode", "kind", "words", "most"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_server_leaves_no_result(
    server: FaultyServer, tmp_path: Path, mode: str, kind: type[LabError], words: str, most: int
) -> None:
    before, started = server.count[mode], time.monotonic()
    found, message = told(server, mode, tmp_path)
    assert (found, words in message) == (kind, True), message
    assert len(message) < 2500
    assert "\n" not in message
    assert "Traceback" not in message
    assert not any((tmp_path / name).exists() for name in RESULTS)
    assert server.count[mode] - before <= most
    assert time.monotonic() - started < 30
    no_secret(tmp_path, message)


GOOD = [
    # mode, notes, right answers of three problems
    ("ok", "", 3),
    ("500-half", "", 3),
    ("429-date", "", 3),
    ("429-garbage", "", 3),
    ("dies", "", 3),
    ("list-content", "", 3),
    ("eos", "", 3),
    ("upper", "", 3),
    ("finish-null", "", 3),
    ("surrogate", "", 3),
    ("logprob-nan", "", 3),
    ("logprob-infinite", "", 3),
    ("logprob-positive", "", 3),
    ("logprob-none", "", 3),
    ("models-deep", "", 3),
    ("models-weird", "", 3),
    ("no-max-tokens", "", 3),
    ("no-seed", "does not support `seed`", 3),
    ("no-logprobs", "returns no log-probabilities", 3),
    ("echo", "", 0),
]


UNSCORED = ("logprob-none", "no-logprobs", "logprob-nan", "logprob-infinite")


@pytest.mark.parametrize("mode", UNSCORED)
def test_samples_without_the_numbers_asked_for_are_drawn_once(
    server: FaultyServer, tmp_path: Path, mode: str
) -> None:
    """Also where another strategy wants them, and where one fails for want of the numbers."""
    run(server, mode, tmp_path, [SelfConsistency(n=4)])
    drawn = server.count[mode]
    run(server, mode, tmp_path, [SelfConsistency(n=4), Sample(n=4), AdaptiveConsistency(n=4)])
    assert server.count[mode] == drawn
    wanting = [SelfConsistency(n=4), BestOfN(n=4), WeightedSelfConsistency(n=4), AnswerWithConfidence()]
    assert "log-probabilities" in told(server, mode, tmp_path, strategies=wanting)[1]
    greedy = server.count[mode] - drawn
    assert 3 <= greedy <= 6, "one answer to each question, asked again without what the server refuses"
    told(server, mode, tmp_path, strategies=wanting)
    assert server.count[mode] == drawn + greedy


@pytest.mark.parametrize(("mode", "note", "right"), GOOD, ids=[row[0] for row in GOOD])
def test_an_odd_server_is_understood(
    server: FaultyServer, tmp_path: Path, mode: str, note: str, right: int
) -> None:
    import csv

    more = {"attempts": 9, "backoff": 0.02}
    notes = run(server, mode, tmp_path, **more)
    assert note in " ".join(notes)
    assert len(notes) <= 1, "said once"
    with (tmp_path / "points.csv").open() as handle:
        points = list(csv.DictReader(handle))
    assert {p["problems"] for p in points} == {"3"}
    assert {float(p["accuracy"]) for p in points} == {right / 3}
    assert {p["flops_shared"] for p in points} == {""}, "nothing is known of the model"
    assert {float(p["completion_tokens"]) / int(p["samples"]) for p in points} == {5.0}
    no_secret(tmp_path)


def test_a_server_that_stops_is_told_with_what_it_answered_before() -> None:
    from lab.engine.openai.server_history import history_of

    config = OpenAIConfig(base_url="http://127.0.0.1:9/stopped/v1", attempts=2, backoff=0.01)
    history = history_of(config.address)
    for status in (500, 500, 200):
        history.add(status)
    with pytest.raises(EngineError) as caught:
        config.open(Weights("gpt-tiny", NOWHERE, "none"), expected_tokens=0)
    assert "It answered HTTP 200 to 1 request and HTTP 500 to 2 requests, then stopped: look at" in str(
        caught.value
    )


def test_one_attempt_starts_no_stage_again(server: FaultyServer, tmp_path: Path) -> None:
    before = server.count["503"]
    found, message = told(server, "503", tmp_path, attempts=1, concurrency=1)
    assert (found, "in 1 attempt." in message) == (StageError, True), message
    assert server.count["503"] - before == 1


@pytest.mark.parametrize("mode", ["gzip-bomb", "large", "deep"])
def test_a_bomb_takes_little_memory(server: FaultyServer, tmp_path: Path, mode: str) -> None:
    tracemalloc.start()
    try:
        told(server, mode, tmp_path, concurrency=1)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_what_did_not_pass_is_not_banked(server: FaultyServer, tmp_path: Path) -> None:
    """Two answers in the bank, none of the bad one, and the next run asks for that one alone."""
    told(server, "usage-second", tmp_path, concurrency=1)
    held = sqlite3.connect(tmp_path / "bank.sqlite").execute("SELECT count(*) FROM completions").fetchone()
    asked = server.count["usage-second"]
    run(server, "usage-second", tmp_path, concurrency=1)
    assert server.count["usage-second"] - asked == 6 - held[0]


def test_log_probabilities_that_a_server_lacks_are_not_paid_for_again(
    server: FaultyServer, tmp_path: Path
) -> None:
    run(server, "logprob-none", tmp_path)
    asked = server.count["logprob-none"]
    run(server, "logprob-none", tmp_path, [SelfConsistency(n=2), SelfConsistency(n=2, name="again")])
    assert server.count["logprob-none"] == asked
    with pytest.raises(StageError, match="log-probabilities"):
        run(server, "logprob-none", tmp_path, [BestOfN(n=2)])
    assert server.count["logprob-none"] == asked


def test_credentials_of_the_address_are_used_and_not_told(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVER_KEY")
    address = server.url("echo", f"user:{PASSWORD}@")
    run(server, "echo", tmp_path, base_url=address)
    assert server.keys[-1] == f"Basic {redact.basic('user', PASSWORD)}"
    no_secret(tmp_path)
    found, message = told(
        server, "401", tmp_path / "refused", base_url=server.url("401", f"user:{PASSWORD}@")
    )
    assert found is StageError
    no_secret(tmp_path, message)


def test_a_key_with_a_line_break_inside_is_one_message(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", f"{KEY}\n{KEY}")
    found, message = told(server, "ok", tmp_path)
    assert (found, "SERVER_KEY does not hold a valid API key" in message) == (InputError, True)
    no_secret(tmp_path, message)


def test_reasoning_is_kept_beside_the_answer(server: FaultyServer, tmp_path: Path) -> None:
    run(server, "list-content", tmp_path, [Greedy()])
    (row, *_) = sqlite3.connect(tmp_path / "bank.sqlite").execute("SELECT value FROM completions").fetchall()
    assert b'"9?"' in row[0]
    assert b'"7"' in row[0]


def test_a_name_the_server_lacks(server: FaultyServer) -> None:
    config = OpenAIConfig(base_url=server.url("ok"))
    with pytest.raises(StageError, match=r"no model 'gpt-tinny'\. Did you mean 'gpt-tiny'\?"):
        config.open(Weights("gpt-tinny", NOWHERE, "none"), expected_tokens=0)
