"""The environment of every process that computes: threads that sleep while they wait, one a core."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.errors import InputError
from lab.system import processor
from lab.system.machine import detect
from lab.system.processor import SLEEPING, computing_environment, sleep_while_waiting


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SLEEPING, "LAB_CPU", "OMP_NUM_THREADS", *processor.LIBRARIES["avx2"]):
        monkeypatch.delenv(name, raising=False)


def test_threads_sleep_and_are_as_many_as_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as torchrun, accelerate and Ray set it
    env = computing_environment(4)
    assert env.items() >= {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0", "GOMP_SPINCOUNT": "0"}.items()
    assert (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"]) == ("4", "4")
    assert env["PATH"] == os.environ["PATH"]


def test_a_user_may_let_them_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert computing_environment(2)["OMP_WAIT_POLICY"] == "ACTIVE"
    sleep_while_waiting()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ["KMP_BLOCKTIME"] == "0"


def test_a_limited_processor_is_reported_and_handed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags : avx2 fma avx512f avx512_bf16 amx_bf16 avx512_vnni\n")
    assert "amx_bf16" in detect(root=tmp_path).flags
    monkeypatch.setenv("LAB_CPU", "avx512")
    assert detect(root=tmp_path).flags == ("avx2", "fma", "avx512f", "avx512_vnni")
    monkeypatch.setenv("LAB_CPU", "avx2")
    assert detect(root=tmp_path).flags == ("avx2", "fma")
    assert computing_environment(2).items() >= processor.LIBRARIES["avx2"].items()


def test_an_unknown_level_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CPU", "avx3")
    with pytest.raises(InputError, match=r"LAB_CPU: 'avx3' is not a level.*Did you mean 'avx2'"):
        detect()
