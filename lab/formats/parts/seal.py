"""part.json: the digests of a part's other files, and a few facts about it; written last.

A part is read by another process, perhaps days later and after a crash. Whatever is missing, cut off, changed
or from another part is found here, before anything of it reaches a product. No file of a part is executed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.errors import InputError, StageError
from lab.system.files import digest_file, digest_of, read_json, unwatched, write_atomic

FILE = "part.json"
VERSION = 1


def write_seal(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes `folder`/part.json about all files that are there. `facts` are plain JSON data."""
    with unwatched():
        files = {path.name: digest_file(path) for path in sorted(folder.iterdir()) if _sealed(path)}
    body = {"version": VERSION, "files": files, "facts": dict(facts)}
    write_atomic(folder / FILE, json.dumps(body | {"digest": digest_of(body)}) + "\n")


def read_seal(folder: Path) -> dict[str, Any]:
    """The facts. Raises StageError if a file of the part is missing, or not as it was written."""
    with damage(folder):
        body = read_json(folder / FILE)
        digest = body.pop("digest")
        if digest != digest_of(body) or body["version"] != VERSION:
            raise ValueError(f"{FILE} is not as it was written, or from another version of the lab")
        with unwatched():
            changed = [name for name, found in body["files"].items() if digest_file(folder / name) != found]
        if changed:
            raise ValueError(f"{changed[0]} is not as it was written")
        facts: dict[str, Any] = body["facts"]
        return facts


READING = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, InputError)
"""What damaged files cause when they are read."""


@contextmanager
def damage(folder: Path, kinds: tuple[type[Exception], ...] = READING) -> Iterator[None]:
    """Turns errors of reading a part into one StageError.

    `kinds`: which errors. A block that also writes a product names those that only the part can cause,
    because the disk may be full.
    """
    try:
        yield
    except kinds as error:
        advice = "Remove this folder and run the same command again"
        raise StageError(f"{folder}: this part of the stage is damaged ({error}). {advice}") from error


def _sealed(path: Path) -> bool:
    """Logs and temporary files are not part of what is read."""
    return path.is_file() and not path.name.startswith(".") and path.suffix != ".log"
