"""The state of self-training in a run: which rounds there are, and with which model they end.

Decisions depend only on finished dev stages, so a run that is started again makes the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.errors import StageError
from lab.formats.points import POOLED, read_points
from lab.run.recipe.expand import Flat
from lab.run.stages.base import StageKind
from lab.run.stages.loop import Loop


class SelfTrainings:
    """The plain stages as far as they are decided."""

    def __init__(self, flat: Flat) -> None:
        self._flat = flat
        self._dev: dict[str, float] = {}
        self._chosen: dict[str, str] = {}
        self._dropped: set[str] = set()

    def stages(self) -> dict[str, StageKind]:
        """The stages to run, by name; later rounds are included until they are known to be unnecessary."""
        return self._flat.settled(self._chosen, self._dropped)

    def failed(self, name: str) -> None:
        """Skips a stage that failed and whatever reads it."""
        self._dropped.add(name)

    def finished(self, name: str, folder: Path) -> Iterator[str]:
        """Takes a finished stage into account; yields messages for the user."""
        for loop in self._flat.loops:
            names = [dev for _, _, dev in loop.rounds]
            if name and (name == loop.first_dev or name in names):
                self._dev[name] = dev_accuracy(folder)
                if name in names:
                    yield from self._decide(loop, name)

    def _decide(self, loop: Loop, dev: str) -> Iterator[str]:
        self._chosen[loop.name], over = loop.decide(self._dev)
        last = dev == loop.rounds[-1][2]
        if over:
            shown = ", ".join(
                f"{self._dev[n]:.3f}" for n in (loop.first_dev, *_names(loop)) if n in self._dev
            )
            why = "all rounds are done" if last else "the dev accuracy stopped rising"
            yield f"{loop.name}: {why} ({shown}); continuing with {self._chosen[loop.name]}"
            self._dropped |= loop.after(dev)


def _names(loop: Loop) -> list[str]:
    return [dev for _, _, dev in loop.rounds]


def dev_accuracy(folder: Path) -> float:
    """The accuracy of a dev stage: its first measured point over all tasks (over the only task)."""
    rows = read_points(folder, origin="measured")
    pooled = [row for row in rows if row.task == POOLED] or rows
    if not pooled:
        raise StageError(f"{folder.name} has no measured accuracy, which is needed to choose a round")
    return pooled[0].accuracy
