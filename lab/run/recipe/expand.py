"""Expands a recipe into plain stages that each do one thing.

`rounds` stages and training seeds stand for several stages; `expand` writes them out with names such as
`self.2.corpus` and `tuned.s0`. The origin of a plain stage is stored with its name and never derived from it,
because any stage may be called `llama-3.1`. Which round's model a self-training ends with, and the number of
rounds, are known only during the run: `Flat.settled` gives the plain recipe as far as this is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lab.run.folders.lineage import Origin
from lab.run.source.messages import Mistake
from lab.run.stages.base import Expansion, StageKind
from lab.run.stages.loop import Loop


@dataclass(frozen=True, slots=True)
class Flat:
    """Plain stages by name, in order; their `model` may still be the name of a self-training stage."""

    stages: dict[str, StageKind]
    loops: tuple[Loop, ...] = ()
    origins: dict[str, Origin] = field(default_factory=dict)
    """For each plain stage, the stage of the written recipe to which it belongs, and its part in it."""

    def settled(self, chosen: Mapping[str, str], dropped: set[str]) -> dict[str, StageKind]:
        """The stages as far as they are decided: with the `chosen` models, without the `dropped` stages and
        their readers.

        A self-training without a choice stands for its last round.
        """
        models = {loop.name: loop.rounds[-1][1] for loop in self.loops} | dict(chosen)
        left: dict[str, StageKind] = {}
        gone = set(dropped)
        for name, written in self.stages.items():
            stage = written.settled(models, gone)
            if stage is None or name in gone or gone & set(stage.refers_to()):
                gone.add(name)
            else:
                left[name] = stage
        return left


def expand(stages: Mapping[str, StageKind]) -> Flat:
    """The plain stages of a recipe's stages."""
    flat, loops, origins = dict[str, StageKind](), list[Loop](), dict[str, Origin]()
    for _, made in expansions(stages):
        flat |= made.stages
        origins |= made.origins
        loops += made.loops
    return Flat(flat, tuple(loops), origins)


def expansions(stages: Mapping[str, StageKind]) -> Iterator[tuple[str, Expansion]]:
    """(written stage, its plain stages), in order."""
    each, origins = dict[str, tuple[str, ...]](), dict[str, Origin]()
    for name, stage in stages.items():
        made = stage.expanded(name, each, origins)
        each[name] = made.each
        origins |= made.origins
        yield name, made


def same_names(stages: Mapping[str, StageKind]) -> Iterator[Mistake]:
    """Pairs of plain stages of two written ones with the same name, of which only one would be run."""
    owners: dict[str, str] = {}
    for name, made in expansions(stages):
        for plain in dict.fromkeys((*made.stages, *(loop.name for loop in made.loops))):
            owner = owners.setdefault(plain, name)
            if owner != name:
                yield ("stages", name), _twice(plain, name, owner)


def _twice(plain: str, name: str, owner: str) -> str:
    """The message for stages `owner` and `name` that both give the name `plain`."""
    several = name if plain == owner else owner
    other = owner if several == name else name
    return (
        f"the name '{plain}' is used twice: stage '{several}' stands for several stages and '{plain}' is "
        f"one of them, and stage '{other}' has this name too. Rename '{other}' or '{several}'"
    )
