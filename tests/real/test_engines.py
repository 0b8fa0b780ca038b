"""The engines' contract on a real model: vllm and hf in this process, openai against a real vLLM server.

Each engine is loaded once. The server is started on a free loopback port and stopped here.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import engine_contract as contract
import psutil
import pytest
from engine_contract import PLAIN, YES_NO, ask, draw, every_check
from having import needs_vllm

from lab.core.protocols import Weights
from lab.core.types import Message, Request, Sampling
from lab.engine import HfConfig, OpenAIConfig, VllmConfig
from lab.errors import EngineError
from lab.models import resolve
from lab.system.machine import detect

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS
pytestmark = [pytest.mark.real, pytest.mark.timeout(420)]
LENGTH = 512
COUNT: tuple[Message, ...] = ({"role": "user", "content": "Count from one to ten."},)


@pytest.fixture(scope="module")
def model() -> Weights:
    return resolve("smollm2-135m")


@pytest.fixture(
    scope="module",
    params=[pytest.param("vllm", marks=needs_vllm), "hf", pytest.param("openai", marks=needs_vllm)],
)
def engine(
    request: pytest.FixtureRequest, model: Weights, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """One engine at a time, closed before the next is loaded."""
    if request.param == "openai":
        with serving(model, tmp_path_factory.mktemp("server")) as url:
            engine = OpenAIConfig(base_url=url, timeout=60.0).open(model, expected_tokens=0)
            yield engine
            engine.close()
        return
    config: Any = {
        "vllm": VllmConfig(max_model_len=LENGTH, max_num_seqs=64, kv_cache_gib=0.5, eager=True),
        "hf": HfConfig(max_model_len=LENGTH, batch=8),
    }[request.param]
    opened = config.open(model, expected_tokens=0)
    yield opened
    opened.close()
    opened.close()


@contextmanager
def serving(model: Weights, folder: Path) -> Iterator[str]:
    """A vLLM server on loopback; its address. It and its workers are gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "--model": str(model.path),
        "--served-model-name": "smol",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": VllmConfig().settled(detect()).dtype,
        "--max-model-len": str(LENGTH),
        "--max-num-batched-tokens": "2048",
        "--max-num-seqs": "64",
        "--block-size": "32",
    }
    flags = ["--no-enable-chunked-prefill", "--enforce-eager", "--enable-prompt-tokens-details"]
    words = [word for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *words, *flags]
    threads = str(len(os.sched_getaffinity(0)))
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": threads}
    environment.pop("VLLM_ENABLE_V1_MULTIPROCESSING", None)
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        end(process)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the server did not start: {log.read_text()[-3000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@every_check
def test_contract(engine: Any, check: Any) -> None:
    check(engine)


def test_seconds_add_up_to_busy_time(engine: Any) -> None:
    contract.seconds_add_up(engine)


def test_an_overlong_prompt_fails_alone_with_a_reason(engine: Any) -> None:
    contract.overlong_prompt_fails_with_a_reason(engine, LENGTH + 100)


def test_a_system_prompt_is_shared_between_samples(engine: Any) -> None:
    """Prefix caching: the second sample of a prompt finds its whole blocks; transformers has none."""
    found = draw(engine, [ask(seed=seed) for seed in range(3)])
    if engine.identity.split(":")[2:3] == ["hf"]:
        assert [c.usage.cached_tokens for c in found] == [0, 0, 0]
    else:
        assert all(c.usage.cached_tokens >= 32 for c in found[1:])


def test_the_model_is_sane(engine: Any) -> None:
    """Greedy counting: broken weights, templates or attention masks do not get this far."""
    short = Request(COUNT, Sampling(0.0, max_tokens=40, seed=1))
    long_neighbour = Request(
        (*COUNT[:0], {"role": "user", "content": "word " * 200}), Sampling(0.0, max_tokens=2, seed=1)
    )
    text = draw(engine, [short, long_neighbour])[0].text.lower()
    assert "three" in text or "3" in text


def test_yes_and_no_take_part_of_the_probability(engine: Any) -> None:
    """Normalised over the whole vocabulary: two words cannot have more than everything."""
    import math

    sampling = Sampling(1.0, max_tokens=1, seed=3, allowed_tokens=("Yes", "No"))
    choices = draw(engine, [Request(YES_NO, sampling)])[0].choices
    assert 0.01 < sum(math.exp(value) for value in choices.values()) <= 1.0


def test_logprobs_are_of_the_raw_distribution(engine: Any) -> None:
    """The same greedy tokens score the same whatever the temperature would have been."""
    cold = draw(engine, [Request(PLAIN, Sampling(0.0, max_tokens=1, seed=1, logprobs=True))])[0]
    assert -6 < cold.logprobs[0] < -0.001


@needs_vllm
def test_vllm_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"model_type": "nonsense", "num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 8}'
    )
    broken = Weights("broken", tmp_path, "0")
    with pytest.raises(EngineError, match="could not start with model 'broken'"):
        VllmConfig(eager=True, kv_cache_gib=0.1).open(broken, expected_tokens=0)
    with pytest.raises(EngineError, match="could not load model 'broken'"):
        HfConfig().open(broken, expected_tokens=0)
