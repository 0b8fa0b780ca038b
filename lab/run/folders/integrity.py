"""Checks whether a finished stage has changed since it was finished.

The manifest lists every file of the result with its SHA-256, and has a seal over itself. They are checked
whenever the stage is about to be read: skipped as finished, read by a later stage, reported, compared, shown.
Files are not hashed again while their sizes, times and inodes are those of the last check, which are stored
with the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.errors import StageError
from lab.formats.manifest import FILE as MANIFEST
from lab.formats.manifest import manifest_of
from lab.run.folders import layout
from lab.system.files import digest_file, digest_of, read_json, state_of, write_atomic

CHECKED = ".checked.json"
_NAMED = 3


def verified(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished stage, None for an unfinished one.

    Raises StageError, naming the file and what to do, if the manifest or a file of the result is damaged.
    """
    if not (folder / MANIFEST).exists():
        return None
    manifest = manifest_of(folder)
    if manifest is None or ("seal" in manifest and manifest != layout.sealed(manifest)):
        raise StageError(_message(folder, manifest, [f"{MANIFEST} (damaged)"]))
    paths = layout.result_files(folder, layout.products_of(manifest))
    state = {name: state_of(path) for name, path in paths.items()}
    checked = digest_of({"manifest": manifest, "state": state})
    if _read(folder / CHECKED) == checked:
        return manifest
    if wrong := list(_wrong(folder, manifest, paths)):
        raise StageError(_message(folder, manifest, wrong))
    with suppress(OSError):
        write_atomic(folder / CHECKED, json.dumps(checked))
    return manifest


def _wrong(folder: Path, manifest: Mapping[str, Any], paths: Mapping[str, Path]) -> Iterator[str]:
    """Each file that has changed, with the kind of change."""
    if "files" not in manifest:  # older manifests have only one digest of all files
        products = layout.result_files(folder, layout.products_of(manifest), records=False)
        if digest_of({name: digest_file(path) for name, path in products.items()}) != manifest["output"]:
            yield "one of its files (changed or missing)"
        return
    listed: dict[str, str] = manifest["files"]
    for name in sorted({*listed, *paths}):
        if name not in paths:
            yield f"{name} (missing)"
        elif name not in listed:
            yield f"{name} (unexpected)"
        elif digest_file(paths[name]) != listed[name]:
            yield f"{name} (changed)"


def _message(folder: Path, manifest: Mapping[str, Any] | None, wrong: list[str]) -> str:
    name = str((manifest or {}).get("stage") or folder.name.rpartition("-")[0])
    more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return (
        f"stage {name}: {folder} was changed after the stage finished: "
        f"{', '.join(wrong[:_NAMED])}{more}. To run the stage again, delete the folder or run "
        f"with `--redo {name}`"
    )


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None
