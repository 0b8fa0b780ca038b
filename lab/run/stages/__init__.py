"""The kinds of stages, each one file with a `StageKind`; the union below is their registry.

This is the only code that joins tasks, engines, methods and trainers. To add a kind: a file, and a line here
(or, from an installed package, an entry point in group `lab.stages`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lab.core.component import Registry
from lab.errors import LabError
from lab.formats.manifest import manifest_of

if TYPE_CHECKING:
    from lab.run.stages.base import StageKind

    AnyStage = StageKind

REGISTRY = Registry(
    "lab.stages",
    __name__,
    "AnyStage",
    generate="GenerateStage",
    train="TrainStage",
    rounds="RoundsStage",
    evaluate="EvaluateStage",
    report="ReportStage",
)
__getattr__ = REGISTRY.exported


def kind_called(kind: object) -> type[StageKind] | None:
    """The class of a kind of stage, by its name in a recipe or a manifest; None if there is none."""
    found: type[StageKind] | None = REGISTRY.get(str(kind))  # type: ignore[assignment]  # all members are
    return found


def outcome(folder: Path, earlier: Mapping[str, Path] | None = None) -> str:
    """What a finished stage came to, in one line; "" where its files tell nothing.

    `earlier` are the run's stages before it: where one of them evaluated another model on the same tasks in
    the same way, the accuracies of the first such stage are given before an arrow.
    """
    manifest = manifest_of(folder) or {}
    kind = kind_called(manifest.get("kind"))
    try:
        return "" if kind is None else kind.outcome(folder, manifest, earlier or {})
    except (LabError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
