"""FLOPs of any model that transformers supports, counted by torch and cached on this machine.

The count runs in its own process (`python -m lab.core.flops.counted`) with limits on time and memory, because
the config is untrusted and because a process that only checks a recipe should not load torch.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lab.errors import InputError
from lab.system.files import digest_of, private_folder, read_json, write_atomic
from lab.system.paths import cache_folder

SECONDS, MEMORY = 300, 32 * 2**30
"""Maximum processor time and address space for counting one config."""
FORM = 1
"""The version of the cached counts; counts of other versions are ignored."""


def counted(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a FlopsModel, from the cache or by counting (about ten seconds).

    Raises InputError, with the reason, if the FLOPs cannot be counted.
    """
    place = _place(config)
    if (known := _remembered(place)) is not None:
        return known
    found = _in_a_process_of_its_own(config)
    with suppress(OSError):
        private_folder(place.parent)
        write_atomic(place, json.dumps(found))
    return found


def _place(config: Mapping[str, Any]) -> Path:
    """The cache path of a count: it depends on the config and on the versions of the counter."""
    digest = digest_of(
        {"form": FORM, "config": config, "by": [_version(n) for n in ("torch", "transformers")]}
    )
    return cache_folder() / "flops" / f"{digest[:32]}.json"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise InputError(
            f"the FLOPs of this kind of model cannot be counted without {name}, which is not installed"
        ) from None


def _remembered(place: Path) -> dict[str, Any] | None:
    from lab.core.flops.model import FlopsModel

    try:
        found = read_json(place)
        return asdict(FlopsModel(**found))
    except (OSError, ValueError, TypeError):
        return None


def _in_a_process_of_its_own(config: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(config.get("model_type"))[:60]
    command = [sys.executable, "-m", "lab.core.flops.counted"]
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    try:
        done = subprocess.run(
            command,
            input=json.dumps(config),
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * SECONDS,
            env=env,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        raise InputError(
            _refusal(kind, f"counting took more than {SECONDS} s or {MEMORY >> 30} GiB")
        ) from None
    if "error" in answer:
        raise InputError(_refusal(kind, str(answer["error"])))
    found: dict[str, Any] = answer["fields"]
    return found


def _refusal(kind: str, why: str) -> str:
    return f"the FLOPs of a model of type '{kind}' cannot be counted: {why}"


def _bound() -> None:
    """Limits the time and memory of this process."""
    for what, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Reads a config on standard input and prints its count (or the reason why there is none) as one line of
    JSON.
    """
    _bound()
    from lab.core.flops.meta import Uncountable, count

    try:
        answer: dict[str, Any] = {"fields": asdict(count(json.load(sys.stdin)))}
    except Uncountable as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
