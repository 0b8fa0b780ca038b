"""What is known about a model before anything is loaded or downloaded: its config, or at least its size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.flops.model import FlopsModel
from lab.core.flops.reading import read_flops

DEFAULT_PARAMETERS = 135_000_000


@dataclass(frozen=True, slots=True)
class KnownModel:
    """FLOPs (None: unknown) and number of parameters; `notes` are the assumptions."""

    flops: FlopsModel | None
    parameters: int
    notes: tuple[str, ...] = ()

    @property
    def per_token(self) -> float | None:
        """FLOPs of one generated token at a context of 100."""
        return self.flops.decode(100, 2) if self.flops else None


def known_model(name: str, trained_from: Mapping[str, str], engine: Any = None) -> KnownModel:
    """The model called `name`; a trained model has the shape of the one from which it was trained.

    `trained_from`: train stage -> its `model`. `engine`: its engine, if any; a server's model needs no memory
    here.
    """
    if engine is not None and engine.remote:
        return _behind_server(name, trained_from, engine)
    if name in trained_from:
        return known_model(trained_from[name], trained_from)
    from lab.models import BUILTIN

    config = _config(name)
    if config is not None:
        flops = read_flops(config)
        return KnownModel(flops, flops.linear + flops.head)
    if name in BUILTIN:
        size = BUILTIN[name].parameters
        note = (
            f"{name} is not converted yet: FLOPs are estimated as 2 x parameters per token, without attention"
        )
        return KnownModel(FlopsModel(size, 0, 0, 0), size, (note,))
    note = (
        f"{name} is not on this machine yet: its FLOPs are not known; time and disk space "
        "are estimated as for smollm2-135m"
    )
    return KnownModel(None, DEFAULT_PARAMETERS, (note,))


def _behind_server(name: str, trained_from: Mapping[str, str], engine: Any) -> KnownModel:
    """FLOPs as stated in the recipe, else as for the same model here; None if no part of it is here."""
    found = known_model(name, trained_from)
    flops = engine.flops() or found.flops
    note = f"the size of {name} is not known: set engine.parameters so that FLOPs can be counted"
    return KnownModel(flops, 0, () if flops else (note,))


def _config(name: str) -> dict[str, Any] | None:
    """config.json of a folder, a converted built-in, or a Hub model that was downloaded before."""
    from lab.models import config_of

    if (found := config_of(name)) is not None:
        return found
    path = _downloaded(name)
    return None if path is None else dict(json.loads(path.read_text()))


def _downloaded(name: str) -> Path | None:
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json")
    return Path(found) if isinstance(found, str) else None
