"""`make resolve`: whether every platform the lab is for can install the lock files, without installing.

uv is asked to resolve each lock file for each platform and Python, with wheels only: so nothing needs the
platform itself. A package for which there is no wheel there is built from source on installation; uv names
it, it is allowed as one, and the question is asked again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "cpu": ("x86_64-manylinux_2_35", "aarch64-manylinux_2_35", "aarch64-apple-darwin"),
    "cuda": ("x86_64-manylinux_2_35",),
}
"""By lock file: Linux on x86 and ARM (glibc 2.35: Ubuntu 22.04 and later), macOS 13 on Apple silicon."""
MISSING = re.compile(r"Because ([a-z0-9._-]+)(?:\{.*?\})?==\S+ has no usable wheels")
MOST_SOURCES = 12


def names(lock: Path) -> list[str]:
    """The packages a lock file holds."""
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock.read_text(encoding="utf-8"), re.MULTILINE)


def resolve(uv: str, lock: Path, platform: str, python: str) -> tuple[int, list[str]]:
    """(packages, those of them that are built from source). Raises SystemExit if uv cannot resolve it."""
    sources: list[str] = []
    while True:
        command = [uv, "pip", "compile", str(lock), "--no-deps", "--no-header", "--no-annotate"]
        command += ["--python-platform", platform, "--python-version", python, "--quiet"]
        command += [part for name in names(lock) if name not in sources for part in ("--only-binary", name)]
        environment = {name: value for name, value in os.environ.items() if name != "UV_FIND_LINKS"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode == 0:
            return done.stdout.count("=="), sources
        found = MISSING.search(done.stderr)
        if found is None or len(sources) == MOST_SOURCES:
            raise SystemExit(f"{lock.name} on {platform}, Python {python}:\n{done.stderr}")
        sources.append(found[1])


def main(uv: str) -> None:
    """Print a line for each platform and Python."""
    for flavour, platforms in PLATFORMS.items():
        for platform in platforms:
            for python in PYTHONS:
                count, sources = resolve(uv, FOLDER / f"{flavour}.txt", platform, python)
                built = f", of which built from source: {', '.join(sources)}" if sources else ""
                print(f"{flavour:4} {platform:22} Python {python}: {count} packages{built}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
