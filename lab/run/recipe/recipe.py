"""The recipe: an ordered mapping of named stages, each a complete description of one piece of work.

The YAML file states only what differs from the defaults. `load` returns the complete `Recipe` with every
default, or one InputError that lists every mistake with its line. `resolved` is the configuration from which
a stage's digest is computed, and `render` is the complete YAML. A stage refers to an earlier one by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, field_validator

from lab.core.component import Component, members_of
from lab.engine import EngineConfig
from lab.engine.auto import settle
from lab.errors import InputError, nearest
from lab.run.cluster import Cluster
from lab.run.recipe import mistakes
from lab.run.recipe.expand import Flat, expand
from lab.run.source import overrides as _overrides
from lab.run.source import yaml_source
from lab.run.source.messages import Mistake, raise_all, translate
from lab.run.stages import AnyStage
from lab.run.stages.base import StageKind
from lab.system.redact import REVEAL, learn


def default_engine() -> Any:
    """The engine of a recipe without `engine`: vLLM or transformers, depending on this machine."""
    return members_of(EngineConfig)["auto"]()


def no_cluster() -> Any:
    """The cluster of a recipe without `cluster`: none."""
    return members_of(Cluster)["none"]()


class Recipe(Component):
    """A named, ordered set of stages with shared settings."""

    name: str
    """Name of the run's folder."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    engine: EngineConfig = Field(default_factory=default_engine)
    """The engine that runs the models."""
    cluster: Cluster = Field(default_factory=no_cluster)
    """Where its stages run. It changes no number and is part of no digest."""
    stages: Annotated[dict[str, AnyStage], Field(min_length=1)]
    """Stages by name, run in this order."""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not mistakes.NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot be used as the name of a folder: use only letters, digits, '.', '_' and '-'"
            )
        return name

    def on(self, cluster: str | None, workers: int | None) -> Recipe:
        """The same recipe on another kind of cluster, or with so many workers. Raises InputError."""
        found: Any = self.cluster
        if cluster is not None and cluster != found.kind:
            kinds = members_of(Cluster)
            if cluster not in kinds:
                message = f"'{cluster}' is no kind of cluster; expected {' or '.join(kinds)}."
                raise InputError(message + nearest(cluster, kinds), where="--cluster")
            found = kinds[cluster]()
        for _, message in found.faults():
            raise InputError(message, where="--cluster")
        if workers is not None and not found.distributed:
            raise InputError("this needs a cluster: add --cluster ray", where="--workers")
        changes = {} if workers is None else {"workers": workers}
        return self.model_copy(update={"cluster": found.model_copy(update=changes)})

    def flat(self) -> Flat:
        """Its plain stages; see `expand`."""
        return expand(self.stages)

    def with_stages(self, stages: Mapping[str, StageKind]) -> Recipe:
        """The same recipe with other (plain) stages."""
        return self.model_copy(update={"stages": dict(stages)})

    def plain(self) -> Recipe:
        """The recipe with plain stages only; self-training runs all its rounds."""
        return self.with_stages(self.flat().settled({}, set()))

    def reads(self, name: str) -> tuple[str, ...]:
        """The earlier stages that the plain stage `name` reads, in a fixed order, each once."""
        names = list(self.stages)
        above = {other: self.stages[other] for other in names[: names.index(name)]}
        return self.stages[name].reads(above)

    def engine_of(self, stage: StageKind) -> Any:
        """The engine that generates a stage's completions here, without "auto" (see lab.engine.auto)."""
        return settle(stage.own_engine or self.engine)

    def resolved(self, name: str, *, reveal: bool = False) -> dict[str, Any]:
        """The complete configuration of a stage as plain JSON data, with defaults and shared values.

        Engines are those used on this machine, with their number format: equal configurations mean equal
        work. Secrets (keys, URL passwords) are left out unless `reveal`, so that no digest depends on them.
        """
        complete = self.stages[name].resolved(self, self.seed)
        return complete.model_dump(mode="json", context=REVEAL if reveal else None)

    def test_tasks(self) -> tuple[Any, ...]:
        """All distinct tasks of the recipe's evaluate stages, in order of appearance."""
        found = [task for stage in self.stages.values() for task in stage.tested_tasks()]
        return tuple(t for i, t in enumerate(found) if t not in found[:i])


def load(path: Path, overrides: Sequence[str] = (), *, data: bool = False) -> Recipe:
    """The recipe in a YAML file, with `stage.key=value` overrides. An InputError lists every mistake.

    `data`: also read the local files of its tasks, so that their mistakes are found before anything runs.
    """
    source = yaml_source.read(path)
    _overrides.apply(source, overrides, Recipe)
    return validated(source, data=data, files=True)


def loads(text: str, name: str = "recipe", overrides: Sequence[str] = ()) -> Recipe:
    """As `load`, from YAML text; `name` is used in messages."""
    source = yaml_source.parse(text, name)
    _overrides.apply(source, overrides, Recipe)
    return validated(source)


def validated(source: yaml_source.YamlSource, *, data: bool = False, files: bool = False) -> Recipe:
    """The Recipe in a source, or one InputError with every mistake.

    `files`: compare tasks that share a local file; `data`: read every local file.
    """
    if not isinstance(source.data, dict):
        what = (
            "the file is empty" if source.data is None else "expected a mapping with the keys name and stages"
        )
        raise InputError(what, where=source.where(()))
    found: list[Mistake] = list(mistakes.references(source.data))
    recipe = None
    try:
        recipe = Recipe.model_validate(source.data)
    except ValidationError as error:
        found += translate(error, Recipe, source.data)
    if recipe is not None:
        found += mistakes.components(recipe)
        if data and not found:
            found += mistakes.local_data(recipe)
        if files and not found:
            found += mistakes.leakage(recipe)
    raise_all(source, found)
    assert recipe is not None
    learn_secrets(recipe)
    return recipe


def learn_secrets(part: Any) -> None:
    """Records the secrets of every component in a recipe, so that they are never written."""
    if isinstance(part, Component):
        learn(*part.secrets())
    if isinstance(part, BaseModel):
        part = {key: getattr(part, key) for key in type(part).model_fields}
    entries = part.values() if isinstance(part, dict) else part if isinstance(part, tuple | list) else ()
    for entry in entries:
        learn_secrets(entry)


def render(recipe: Recipe, *, reveal: bool = False) -> str:
    """The complete recipe as YAML with every default; `loads` of it gives the same recipe, but for the
    cluster, which is no part of what a recipe computes.

    Secrets are left out, except for the process that does the work (`reveal`).
    """
    import yaml

    data = recipe.model_dump(mode="json", exclude={"stages", "cluster"}, context=REVEAL if reveal else None)
    data["stages"] = {name: recipe.resolved(name, reveal=reveal) for name in recipe.stages}
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100))
