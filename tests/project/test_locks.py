"""The lock files: every package with its sha256, no index, all that pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ENTRY = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==(\S+)( ; [^\\\n]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


def entries(lock: str) -> dict[str, set[str]]:
    """Package -> the versions it is locked to, for different platforms or Pythons."""
    found: dict[str, set[str]] = {}
    for name, version, _, _ in ENTRY.findall((ROOT / "requirements" / lock).read_text()):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_is_a_pinned_package_with_its_hashes(lock: Path) -> None:
    text = lock.read_text()
    assert ENTRY.sub("", text).strip() == ""
    assert "://" not in text


@pytest.mark.parametrize("flavour", ["cpu", "cuda"])
def test_all_that_is_asked_for_is_locked_and_fits(flavour: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    locked = {**entries(f"{flavour}.txt"), **entries("torch.txt")}
    for line in (*project["dependencies"], *extras[flavour], *extras["dev"]):
        wanted = Requirement(line)
        versions = locked.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is not in {flavour}.txt: run `make lock`"
        assert all(wanted.specifier.contains(Version(v), prereleases=True) for v in versions), line


def test_torch_is_one_version_wherever_it_comes_from() -> None:
    version, own = entries("torch.txt")["torch"], entries("torch-cpu.txt")["torch"]
    assert own == {f"{one}+cpu" for one in version}
    assert not {"torch"} & {*entries("cpu.txt"), *entries("cuda.txt")}
