"""`make lock`: resolve pyproject.toml again into lock files with the sha256 of all that may be installed.

cpu.txt and cuda.txt hold everything but torch, whose file depends on where a machine gets it from: torch.txt
has the registry's builds (macOS, CUDA), torch-cpu.txt the CPU builds of this machine's own sources
(`PIP_FIND_LINKS`); it stays as it is where there are none. build.txt holds what builds the few packages
that have no wheels, uv.txt uv itself. No index is named in any file.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
PLAIN = ("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet")
NEVER = re.compile(r"^\S+ ; (?!.* or ).*sys_platform == 'never' \\?\n(    --hash=\S+( \\)?\n)*", re.MULTILINE)
"""An entry for no platform at all: what an override in pyproject.toml takes out."""


def compiled(uv: str, wanted: str, *options: str, known: Path | None = None) -> str:
    """A universal lock of a file, or of requirements given as text, with hashes.

    The versions of the lock file `known` stay as long as they fit; delete it for the newest of everything.
    """
    source = [wanted] if Path(wanted).exists() else ["-"]
    given = None if Path(wanted).exists() else wanted
    command = [uv, "pip", "compile", *source, "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--output-file", str(known)] if known else []
    done = subprocess.run(
        [*command, *PLAIN, *options], input=given, text=True, check=True, capture_output=True
    )
    return NEVER.sub("", known.read_text(encoding="utf-8") if known else done.stdout)


def builds(torch: str, sources: list[str]) -> str:
    """A lock of the CPU builds of torch in the folders among `sources`; "" if there are none."""
    wheels = f"{torch.replace('==', '-')}+cpu-*.whl"
    found = sorted(wheel for source in sources for wheel in Path(source).glob(wheels))
    hashes = [f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" for wheel in found]
    return " \\\n    ".join([f"{torch}+cpu", *hashes]) + "\n" if hashes else ""


def main(uv: str, version: str, sources: list[str]) -> None:
    """Write all the files."""
    for flavour in ("cpu", "cuda"):
        options = ["--extra", flavour, "--extra", "dev", "--extra", "ray", "--no-emit-package", "torch"]
        options += sources if flavour == "cpu" else []
        lock = FOLDER / f"{flavour}.txt"
        lock.write_text(compiled(uv, "pyproject.toml", *options, known=lock), encoding="utf-8")
    (torch,) = re.findall(r'"(torch==[0-9.]+)"', Path("pyproject.toml").read_text(encoding="utf-8"))
    (FOLDER / "torch.txt").write_text(compiled(uv, torch, "--no-deps"), encoding="utf-8")
    if own := builds(torch, sources):
        (FOLDER / "torch-cpu.txt").write_text(own, encoding="utf-8")
    (FOLDER / "build.txt").write_text(compiled(uv, "setuptools>=80,<81\nwheel"), encoding="utf-8")
    (FOLDER / "uv.txt").write_text(compiled(uv, f"uv=={version}"), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
