"""What vLLM is tuned to, without vLLM: pure arithmetic on a machine, a model and an amount of work."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lab.core.protocols import Weights
from lab.engine import VllmConfig
from lab.engine.vllm import config as vllm
from lab.engine.vllm.tuning import GIB, ModelShape, shape_of, tune
from lab.errors import EngineError
from lab.system.machine import Gpu, Machine

TWO_CORES = Machine("Linux", "3.11", "cpu", (), 4, (0, 2), 24 * GIB, 12 * GIB, (), "/", 1)
GPU = replace(TWO_CORES, gpus=(Gpu("H200", 140 * GIB),))
SMOL = ModelShape(max_length=8192, kv_bytes=23_040)


def test_cpu_defaults() -> None:
    tuning = tune(VllmConfig(), TWO_CORES, SMOL, expected_tokens=10_000, device="cpu")
    assert tuning.threads == 2
    assert tuning.max_model_len == 4096
    assert tuning.environment["OMP_NUM_THREADS"] == "2"
    assert tuning.environment["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    wanted = {"block_size": 32, "enable_chunked_prefill": False, "enforce_eager": True, "max_num_seqs": 256}
    assert wanted.items() <= tuning.arguments.items()
    assert tuning.arguments["max_num_batched_tokens"] >= tuning.max_model_len
    assert tuning.arguments["kv_cache_memory_bytes"] == 256 * 512 * SMOL.kv_bytes


def test_a_seeded_request_never_meets_chunked_prefill_on_cpu() -> None:
    for length in (64, 5000, 8192):
        tuning = tune(VllmConfig(max_model_len=length), TWO_CORES, SMOL, expected_tokens=0, device="cpu")
        assert tuning.arguments["enable_chunked_prefill"] is False
        assert tuning.arguments["max_num_batched_tokens"] >= length


def test_little_memory_gives_a_small_cache_that_still_holds_one_sequence() -> None:
    poor = replace(TWO_CORES, memory_available=3 * GIB)
    assert (
        tune(VllmConfig(), poor, SMOL, expected_tokens=0, device="cpu").arguments["kv_cache_memory_bytes"]
        == GIB
    )
    broke = replace(TWO_CORES, memory_available=1)
    least = tune(VllmConfig(), broke, SMOL, expected_tokens=0, device="cpu").arguments[
        "kv_cache_memory_bytes"
    ]
    assert least >= 4096 * SMOL.kv_bytes


@pytest.mark.parametrize(
    ("eager", "tokens", "expected"),
    [("auto", 0, True), ("auto", 10**9, False), (True, 10**9, True), (False, 0, False)],
)
def test_compiling_follows_the_work(eager: object, tokens: int, expected: bool) -> None:
    for device in ("cpu", "cuda"):
        tuning = tune(VllmConfig(eager=eager), GPU, SMOL, expected_tokens=tokens, device=device)  # type: ignore[arg-type]
        never = device == "cpu" and eager == "auto"
        assert tuning.arguments["enforce_eager"] is (expected or never)


def test_cuda_leaves_threads_and_chunks_alone() -> None:
    tuning = tune(VllmConfig(gpu_memory_utilization=0.5), GPU, SMOL, expected_tokens=10, device="cuda")
    assert tuning.threads == 0
    assert "OMP_NUM_THREADS" not in tuning.environment
    assert "enable_chunked_prefill" not in tuning.arguments
    assert "block_size" not in tuning.arguments
    assert tuning.arguments["gpu_memory_utilization"] == 0.5


def test_what_the_recipe_sets_stands() -> None:
    config = VllmConfig(max_model_len=512, max_num_seqs=7, block_size=64, kv_cache_gib=0.5, threads=9)
    tuning = tune(config, TWO_CORES, SMOL, expected_tokens=0, device="cpu")
    assert (tuning.max_model_len, tuning.threads) == (512, 9)
    assert tuning.arguments["max_num_seqs"] == 7
    assert tuning.arguments["block_size"] == 64
    assert tuning.arguments["kv_cache_memory_bytes"] == GIB // 2


def test_shape_of_a_model_folder(tmp_path: Path) -> None:
    config = {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64}
    (tmp_path / "config.json").write_text(
        json.dumps({"text_config": config | {"max_position_embeddings": 77}})
    )
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    assert shape_of(tmp_path) == ModelShape(max_length=77, kv_bytes=2 * 2 * 3 * 2 * 16)


def test_unknown_extra_names_the_nearest() -> None:
    faults = dict(VllmConfig(extra={"max_num_batched_token": 1}).faults())
    assert "Did you mean 'max_num_batched_tokens'?" in faults["extra"]
    owned = dict(VllmConfig(extra={"block_size": 1}).faults())
    assert "engine.block_size" in owned["extra"]
    assert not list(VllmConfig(extra={"kv_cache_dtype": "fp8"}).faults())


def test_opening_with_an_unknown_extra_is_one_clear_error(weights: Weights) -> None:
    with pytest.raises(EngineError, match="has no field 'nonsense'"):
        VllmConfig(extra={"nonsense": 1}).open(weights, expected_tokens=0)


def test_plan_says_what_it_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "device_of", lambda machine: "cpu")
    plan = VllmConfig().plan(TWO_CORES)
    assert (plan["threads"], plan["block_size"], plan["kv_cache_gib"]) == (2, 32, "at most 4.0")
    monkeypatch.setattr(vllm, "device_of", lambda machine: "cuda")
    assert VllmConfig().plan(GPU)["device"] == "cuda"


def test_configs_and_plans_never_import_torch_or_vllm() -> None:
    code = (
        "import sys; from lab.engine import FakeConfig, HfConfig, OpenAIConfig, VllmConfig;"
        "from lab.system.machine import detect; m = detect();"
        "[c().plan(m) for c in (FakeConfig, HfConfig, OpenAIConfig, VllmConfig)];"
        "list(VllmConfig(extra={'seed': 1}).faults());"
        "sys.exit(any(name in sys.modules for name in ('torch', 'vllm', 'transformers', 'httpx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
