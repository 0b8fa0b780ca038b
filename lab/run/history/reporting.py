"""Finished runs as `lab report` and `lab compare` read them: nothing is evaluated again.

A run is a folder `runs/<recipe>` as `lab run` leaves it, or only its name; one stage of it is
`<run>/<stage>`, or the stage's own folder (so an earlier run of the same recipe can be meant too).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import InputError, nearest
from lab.formats.manifest import manifest_of
from lab.run.cost.fixed_cost import fixed_flops, lineage
from lab.run.execution import rundir
from lab.run.execution.finished import verified
from lab.run.history.courses import courses_of
from lab.run.history.sets import sets_of
from lab.run.history.trained import corpus_of, training_of

if TYPE_CHECKING:
    from eval.report.trained_models import CorpusFacts
    from eval.report.view import StageView


VARIANT = re.compile(r"(.+?)(?:\.s(\d+))?(?:\.(\d+))?")
"""Names of stages that stand for one round or one seed of several."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished stage of a run."""

    run: str
    name: str
    folder: Path
    manifest: dict[str, Any]


def find_run(text: str, runs: Path) -> Path:
    """The folder of a run given by path or by name; InputError names the nearest, or says that no stage of it
    has finished."""
    from lab.run.history.show_stage import nothing_finished

    places = (Path(text).expanduser(), runs / text)
    for folder in places:
        if (folder / rundir.LATEST).is_file():
            return folder
    for folder in places:
        if reason := nothing_finished(folder):
            raise InputError(reason, where=str(folder))
    if (folder := Path(text).expanduser()).is_dir():
        rundir.latest(folder)
    names = [p.parent.name for p in runs.glob(f"*/{rundir.LATEST}")]
    raise InputError(f"there is no run '{text}' in {runs}.{nearest(text, names)}", where=f"argument '{text}'")


def finished(run: Path) -> list[Finished]:
    """The finished stages of the latest run in a folder, in order; StageError for one that is damaged."""
    stages = rundir.latest(run)
    return [Finished(run.name, name, folder, verified(folder) or {}) for name, folder in stages.items()]


def evaluations(text: str, runs: Path) -> list[Finished]:
    """The finished evaluate stages that an argument means: of a run, or the one stage it names.

    Raises InputError where there is none.
    """
    found = _stage_folder(text, runs) or _stage_of_run(text, runs) or finished(find_run(text, runs))
    stages = [s for s in found if s.manifest.get("kind") == "evaluate"]
    if not stages:
        raise InputError("it has no finished evaluate stage", where=f"argument '{text}'")
    return stages


def _stage_folder(text: str, runs: Path) -> list[Finished]:
    """The stage whose folder it is; [] if it is none."""
    for folder in (Path(text).expanduser(), runs / text):
        if manifest := verified(folder):
            run, name = manifest.get("recipe") or folder.resolve().parent.name, manifest.get("stage")
            return [Finished(str(run), str(name or folder.name), folder, manifest)]
    return []


def _stage_of_run(text: str, runs: Path) -> list[Finished]:
    """The stage meant by `<run>/<stage>`; [] if there is no such run. InputError names the nearest stage."""
    run, _, name = text.rstrip("/").rpartition("/")
    folders = [f for f in (Path(run).expanduser(), runs / run) if run and (f / rundir.LATEST).is_file()]
    if not folders:
        return []
    stages = finished(folders[0])
    if found := [s for s in stages if s.name == name]:
        return found
    names = [s.name for s in stages if s.manifest.get("kind") == "evaluate"]
    raise InputError(
        f"there is no finished stage '{name}' in {folders[0]}.{nearest(name, names)}",
        where=f"argument '{text}'",
    )


def told_apart(stages: Sequence[Finished]) -> list[Finished]:
    """The same stages; runs that share a name and a stage are renamed after what differs.

    That is the seed, else the folder that the runs are kept in, else the stage's digest.
    """
    marks: tuple[Callable[[Finished], str], ...] = (
        lambda s: "",
        lambda s: f" (seed {s.manifest.get('seed')})",
        lambda s: f" ({s.folder.resolve().parent.parent.name})",
        lambda s: f" ({s.folder.name.rpartition('-')[2]})",
    )
    for mark in marks:
        renamed = [replace(s, run=s.run + (mark(s) if _shared(s, stages) else "")) for s in stages]
        if len({(s.run, s.name) for s in renamed}) == len(stages):
            return renamed
    return list(stages)


def _shared(stage: Finished, stages: Sequence[Finished]) -> bool:
    """Whether another stage has the same run and name."""
    return sum((s.run, s.name) == (stage.run, stage.name) for s in stages) > 1


def rebuild(texts: Sequence[str], runs: Path, out: Path | None) -> Path:
    """Build a report over all evaluate stages of these runs; returns the path of report.html."""
    from eval.report import build_report
    from lab.run.execution.provenance import facts
    from lab.system.imports import spare_pandas

    spare_pandas()
    groups = [evaluations(text, runs) for text in texts]
    stages = told_apart(list({s.folder.resolve(): s for group in groups for s in group}.values()))
    views = [view_of(s) for s in stages]
    sources = dict.fromkeys(str(s.manifest.get("source", "")) for s in stages)
    several = len({s.run for s in stages}) > 1
    manifests = {f"{s.run}/{s.name}" if several else s.name: s.manifest for s in stages}
    target = out or _target(stages, several=several)
    corpora = [corpus for folder in runs_of(stages) for corpus in _corpora(folder)]
    return Path(build_report(views, target, facts("\n---\n".join(sources), manifests), corpora))


def _corpora(run: Path) -> list[CorpusFacts]:
    """Those of the latest run in a folder."""
    return made({stage.name: stage.folder for stage in finished(run)})


def runs_of(stages: Sequence[Finished]) -> list[Path]:
    """The folders of the runs that stages belong to, where their latest run is known."""
    folders = dict.fromkeys(stage.folder.resolve().parent for stage in stages)
    return [folder for folder in folders if (folder / rundir.LATEST).is_file()]


def view_of(stage: Finished) -> StageView:
    """An evaluate stage as the report sees it; StageError if it or a stage behind it is damaged."""
    from eval.report.view import StageView

    for made_from in lineage(stage.folder):
        verified(made_from)
    model = _called(str(stage.manifest.get("model") or stage.name))
    series, round, seed = variant(stage.name)
    return StageView(
        stage.name,
        model,
        stage.run,
        stage.folder,
        fixed_flops(stage.folder),
        series,
        round,
        seed,
        training_of(stage.folder),
        courses_of(stage.folder),
        sets_of(stage.manifest),
    )


def _called(model: str) -> str:
    """A model's name; `run/stage` for the folder of a train stage."""
    found = manifest_of(Path(model).expanduser()) if "/" in model else None
    return f"{found['recipe']}/{found['stage']}" if found and found.get("kind") == "train" else model


def made(stages: Mapping[str, Path]) -> list[CorpusFacts]:
    """The corpora among finished stages, whether a model was trained on them or not."""
    found = (corpus_of(name, folder) for name, folder in stages.items())
    return [corpus for corpus in found if corpus is not None]


def variant(name: str) -> tuple[str, int | None, int | None]:
    """(series, round, training seed) of a stage name such as `after.s1.2`; "" and None for other names."""
    series, seed, number = VARIANT.fullmatch(name).groups()  # type: ignore[union-attr]  # it matches anything
    if seed is None and number is None:
        return "", None, None
    return series, None if number is None else int(number), None if seed is None else int(seed)


def _target(stages: Sequence[Finished], *, several: bool) -> Path:
    """Where a report goes by default: into the run, or beside the runs where there are several."""
    run = stages[0].folder.parent
    return run.parent / "compared" if several else run / "report"
