"""Secrets do not stay in texts and data, in whatever form they come back."""

from __future__ import annotations

import io
import json
import sys
import traceback

import pytest

from lab.system import redact
from lab.system.redact import MARK, Redacting, is_secret_name, redacted, redacted_data, secrets_in, split_url
from lab.system.terminal import safe

KEY = 'pa"ss/wörd+1'


@pytest.fixture(autouse=True)
def learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_known", set())
    redact.learn(KEY)


@pytest.mark.parametrize("form", [KEY, "pa%22ss%2Fw%C3%B6rd%2B1", json.dumps(KEY)[1:-1]])
def test_a_secret_goes_in_every_form(form: str) -> None:
    assert redacted(f"the key {form} is wrong") == f"the key {MARK} is wrong"
    assert MARK in safe(f"the key {form} is wrong")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("http://user:hunter2@host:80/v1", "hunter2"),
        ("Authorization: Bearer abcdefghij", "abcdefghij"),
        ("use sk-abcdefgh1234 now", "sk-abcdefgh1234"),
        ("HF says hf_abcdefghijklm", "hf_abcdefghijklm"),
        ('extra: {api_key: "12345"}', "12345"),
        ("password=opensesame&x=1", "opensesame"),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, hidden: str) -> None:
    assert hidden not in redacted(text)
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens: 32",
        "eos_token: '</s>'",
        "api_key_env: OPENAI_API_KEY",
        "http://127.0.0.1:8000/v1",
        "sketchy risk-free",
        "a token of 5 letters",
        "unexpected token: ]",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redacted(text) == text


def test_data_lose_what_a_name_gives_away() -> None:
    data = {"top_k": 5, "api_key": "x", "headers": [{"Authorization": "y", "n": 1}], "max_tokens": 3}
    assert redacted_data(data) == {
        "top_k": 5,
        "api_key": MARK,
        "headers": [{"Authorization": MARK, "n": 1}],
        "max_tokens": 3,
    }
    assert set(secrets_in(data)) == {"x", "y"}
    assert set(secrets_in({"headers": {"x-api-key": ["Bearer abcdefghij"]}})) == {
        "Bearer abcdefghij",
        "abcdefghij",
    }


def test_names() -> None:
    assert all(
        map(is_secret_name, ["api_key", "x-api-key", "token", "HF_TOKEN", "client_secret", "Password"])
    )
    assert not any(map(is_secret_name, ["max_tokens", "eos_token", "tokenizer", "keys", "api_key_env"]))


def test_urls_are_taken_apart() -> None:
    assert split_url("http://u%40x:p%3Aw@h:1/v1?a=b") == ("http://h:1/v1?a=b", ("u@x", "p:w"))
    assert split_url("http://h/v1") == ("http://h/v1", None)


def test_short_secrets_leave_words_alone() -> None:
    redact.learn("EMPTY", "the")
    assert redacted("the list is EMPTY") == "the list is EMPTY"


def test_tracebacks_are_written_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", Redacting(out))
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        traceback.print_exc()
    assert MARK in out.getvalue()
    assert "ss/w" not in out.getvalue()


def test_the_environment_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "quiteunusual")
    monkeypatch.setenv("SOME_TOKEN_PATH", "/home/somebody")
    redact.learn_environment()
    assert redacted("quiteunusual /home/somebody") == f"{MARK} /home/somebody"
