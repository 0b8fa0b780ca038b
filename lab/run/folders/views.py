"""A finished stage in the form that the report needs, read from its folder and from those of the stages
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.formats.manifest import manifest_of
from lab.run.folders.fixed_cost import fixed_flops
from lab.run.folders.integrity import verified
from lab.run.folders.lineage import lineage, origin_of, test_sets
from lab.run.folders.training_history import corpus_of, training_of, training_runs

if TYPE_CHECKING:
    from eval.report.trained_models import CorpusFacts
    from eval.report.view import StageView


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished stage of a run."""

    run: str
    name: str
    folder: Path
    manifest: dict[str, Any]


def view_of(stage: Finished) -> StageView:
    """An evaluate stage for the report. Raises StageError if it or a stage behind it is damaged."""
    from eval.report.view import StageView

    for made_from in lineage(stage.folder):
        verified(made_from)
    model = _called(str(stage.manifest.get("model") or stage.name))
    origin = origin_of(stage.folder, stage.manifest)
    one_of = origin.several and not origin.part
    return StageView(
        stage.name,
        model,
        stage.run,
        stage.folder,
        fixed_flops(stage.folder),
        origin.stage if one_of else "",
        origin.round if one_of else None,
        origin.seed if one_of else None,
        training_of(stage.folder),
        training_runs(stage.folder),
        test_sets(stage.manifest),
    )


def _called(model: str) -> str:
    """A model's name; `run/stage` for the folder of a train stage."""
    found = manifest_of(Path(model).expanduser()) if "/" in model else None
    return f"{found['recipe']}/{found['stage']}" if found and found.get("kind") == "train" else model


def corpora_of(stages: Mapping[str, Path]) -> list[CorpusFacts]:
    """The corpora among finished stages, whether a model was trained on them or not."""
    found = (corpus_of(name, folder) for name, folder in stages.items())
    return [corpus for corpus in found if corpus is not None]
