"""Starting vLLM without vLLM: what a person is told when it is missing or refuses."""

from __future__ import annotations

import pytest

from lab.engine.vllm import library as vllm_library
from lab.engine.vllm.library import advice, engine_argument_names, start
from lab.engine.vllm.tuning import Tuning
from lab.errors import EngineError


def test_a_machine_without_vllm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_library, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"not installed.*make venv.*'hf'"):
        start({}, Tuning("cpu", 1, 16, {}), "any")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("Available memory on node 0 is less"), "kv_cache_gib"),
        (ValueError("please pass trust_remote_code=True"), "engine.trust_remote_code"),
        (NotImplementedError("architecture not supported"), "'hf'"),
        (RuntimeError(), "no message"),
    ],
)
def test_errors_come_with_what_mends_them(error: Exception, words: str) -> None:
    text = advice(error)
    assert words in text
    assert text.startswith(type(error).__name__)


def test_argument_names_are_read_from_the_source() -> None:
    assert {
        "model",
        "block_size",
        "enable_chunked_prefill",
        "kv_cache_memory_bytes",
    } <= engine_argument_names()
