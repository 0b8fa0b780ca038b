"""The kinds of stages, one file with a `StageKind` each. This package is their registry.

Only this layer combines tasks, engines, methods and trainers. To add a kind, add a file, and a line here (or,
in an installed package, an entry point in the group `lab.stages`).
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
    """The result of a finished stage in one line; "" if its files do not show it.

    `earlier` are the run's stages before it. If one of them evaluated another model on the same tasks in the
    same way, the accuracies of the first such stage come before an arrow.
    """
    manifest = manifest_of(folder) or {}
    kind = kind_called(manifest.get("kind"))
    try:
        return "" if kind is None else kind.outcome(folder, manifest, earlier or {})
    except (LabError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
