"""The origin of a finished stage: the stages behind it, its tasks, and its stage in the written recipe.

A stage's manifest names the folders that it read, so its ancestors can be found on disk, through every round
of self-training. Its `origin` says which seed and round of a written stage it is. For older manifests without
it, the origin is inferred from the folders, never from a name alone (see `_former_origin`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.formats.manifest import manifest_of


@dataclass(frozen=True, slots=True)
class Origin:
    """The stage of the written recipe to which a plain stage belongs, and its part in it."""

    stage: str
    seed: int | None = None
    """The training seed, if the written stage has several."""
    round: int | None = None
    """The round of self-training, from 1; 0 is the model before the first round."""
    part: str = ""
    """The part of a round: "corpus" or "dev"; "" for its model, and for every other stage."""

    @property
    def several(self) -> bool:
        """Whether the written stage stands for several plain ones, of which this is one."""
        return self.seed is not None or self.round is not None

    @property
    def seedless(self) -> str:
        """Its name in a recipe with one seed."""
        places = (str(place) for place in (self.round, self.part or None) if place is not None)
        return ".".join((self.stage, *places))

    def data(self) -> dict[str, Any]:
        """As plain JSON data, for a manifest."""
        return asdict(self)


def origin_of(folder: Path, manifest: Mapping[str, Any] | None = None) -> Origin:
    """The stage of the written recipe to which a finished stage belongs; itself if nothing else is known."""
    made = (manifest_of(folder) or {}) if manifest is None else manifest
    try:
        return Origin(**made["origin"])
    except (KeyError, TypeError):  # it has none, or one of another version
        return _former_origin(folder, made)


_FORMER = re.compile(r"(.+?)(?:\.s(\d+))?(?:\.(\d+))?")
"""The names of the stages of seeds and rounds."""


def _former_origin(folder: Path, manifest: Mapping[str, Any]) -> Origin:
    """The origin by a name such as `tuned.s1.2`, if the manifests confirm it.

    A model of round 2 was trained on the corpus `<name>.corpus`; a stage of seed 1 has this seed. An
    evaluation belongs to the round and seed of its model, and its name ends with the same parts.
    """
    name = str(manifest.get("stage") or "")
    itself = Origin(name)
    stage, seed, number = _FORMER.fullmatch(name).groups() if name else ("", None, None)  # type: ignore[union-attr]  # it matches any name
    found = Origin(stage, None if seed is None else int(seed), None if number is None else int(number))
    if not found.several:
        return itself
    config, inputs = manifest.get("config") or {}, manifest.get("inputs") or {}
    if "strategies" in config:
        model = origin_of(trained) if (trained := model_stage(folder)) is not None else itself
        return found if (model.seed, model.round) == (found.seed, found.round) else itself
    right = found.seed is None or config.get("seed") == found.seed
    return found if right and (found.round is None or f"{name}.corpus" in inputs) else itself


def model_stage(folder: Path) -> Path | None:
    """The train stage that made a stage's own model; None if it is not a model of this run."""
    manifest = manifest_of(folder) or {}
    trained = manifest.get("inputs", {}).get(manifest.get("model"))
    return None if trained is None else folder.parent / trained


def lineage(folder: Path) -> list[Path]:
    """Every stage behind a stage, in the order they were made, with itself as the last; each once."""
    found: dict[Path, None] = {}
    _walk(folder, found)
    return list(found)


def _walk(folder: Path, found: dict[Path, None]) -> None:
    """Adds a stage after all stages behind it, unless it was already added."""
    for name in (manifest_of(folder) or {}).get("inputs", {}).values():
        if folder.parent / name not in found:
            _walk(folder.parent / name, found)
    found[folder] = None


def tasks_of(manifest: Mapping[str, Any]) -> Iterator[Any]:
    """A stage's tasks, in its order. Tasks that this installation does not know (from a removed package) are
    left out.
    """
    from pydantic import TypeAdapter, ValidationError

    from lab.tasks import Task

    for task in manifest.get("config", {}).get("tasks", ()):
        try:
            yield TypeAdapter(Task).validate_python(task)
        except ValidationError:
            continue


def test_sets(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Task label -> its `test_set`, in the stage's order, for the tasks that have one."""
    return {str(task.label): str(task.test_set) for task in tasks_of(manifest) if task.test_set}
