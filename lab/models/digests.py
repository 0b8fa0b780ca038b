"""Checks that a model folder is complete, and computes the digest that identifies it.

The digest is the SHA-256 of the weights, config and tokenizer files. Hashing hundreds of megabytes takes a
while, so the digest is stored beside the files (unless the folder is read-only) with their sizes and
modification times, and computed again when those change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.errors import InputError
from lab.system.files import digest_file, digest_of, read_json, watch_file, write_atomic

SIDECAR = ".lab-digest.json"
_PATTERNS = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
)
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")


def require_model(folder: Path, where: str) -> None:
    """Raises InputError, with all that is missing, if the model folder is incomplete."""
    missing = list(_missing(folder))
    if missing:
        raise InputError(f"the model in this folder is incomplete: missing {', '.join(missing)}", where=where)
    try:
        dict(read_json(folder / "config.json"))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"config.json cannot be read: {error}", where=str(folder / "config.json")) from None


def _missing(folder: Path) -> Iterator[str]:
    if not (folder / "config.json").is_file():
        yield "config.json"
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        hint = (
            " (pickled weights are not loaded, because they can run code: save them as safetensors)"
            if pickled
            else ""
        )
        yield f"weights (*.safetensors){hint}"
    if absent := _absent_shards(folder):
        yield f"weights named in its index ({', '.join(absent[:3])})"
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        yield f"a tokenizer ({' or '.join(_TOKENIZERS)})"


def _absent_shards(folder: Path) -> list[str]:
    """Files that `model.safetensors.index.json` names but that do not exist."""
    try:
        index = read_json(folder / "model.safetensors.index.json")
        return sorted({name for name in index["weight_map"].values() if not (folder / name).is_file()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return []


def model_files(folder: Path) -> list[Path]:
    """The files that the digest covers, sorted by name."""
    return sorted({p for pattern in _PATTERNS for p in folder.glob(pattern) if p.is_file()})


def digest_model(folder: Path, *, trust_times: bool = True) -> str:
    """The SHA-256 of a model folder. `trust_times=False` hashes every byte even if sizes and times are
    unchanged.
    """
    files = model_files(folder)
    for path in files:
        watch_file(path)
    state = {p.name: [p.stat().st_size, p.stat().st_mtime_ns] for p in files}
    if trust_times and (known := _read(folder / SIDECAR)) and known.get("state") == state:
        return str(known["digest"])
    digest = digest_of({p.name: digest_file(p) for p in files})
    with suppress(OSError):
        write_atomic(folder / SIDECAR, json.dumps({"state": state, "digest": digest}))
    return digest


def _read(path: Path) -> dict[str, object]:
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) and "digest" in data else {}
