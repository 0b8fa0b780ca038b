"""Finished runs as `lab report` and `lab compare` read them; nothing is evaluated again.

A run is given as its folder `runs/<recipe>` or only its name. One stage of it is given as `<run>/<stage>`, or
as the stage's own folder (so that an earlier run of the same recipe can be used, too).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lab.errors import InputError, nearest
from lab.run.folders import layout
from lab.run.folders.integrity import verified
from lab.run.folders.views import Finished


def find_run(text: str, runs: Path) -> Path:
    """The folder of a run, by path or by name. Raises InputError with the nearest name, or if no stage of it
    has finished.
    """
    from lab.run.history.show_stage import nothing_finished

    places = (Path(text).expanduser(), runs / text)
    for folder in places:
        if (folder / layout.LATEST).is_file():
            return folder
    for folder in places:
        if reason := nothing_finished(folder):
            raise InputError(reason, where=str(folder))
    if (folder := Path(text).expanduser()).is_dir():
        layout.latest(folder)
    names = [p.parent.name for p in runs.glob(f"*/{layout.LATEST}")]
    raise InputError(f"there is no run '{text}' in {runs}.{nearest(text, names)}", where=f"argument '{text}'")


def finished(run: Path) -> list[Finished]:
    """The finished stages of the latest run in a folder, in order. Raises StageError for a damaged one."""
    stages = layout.latest(run)
    return [Finished(run.name, name, folder, verified(folder) or {}) for name, folder in stages.items()]


def evaluations(text: str, runs: Path) -> list[Finished]:
    """The finished evaluate stages of an argument: those of a run, or one stage.

    Raises InputError if there are none.
    """
    found = _stage_folder(text, runs) or _stage_of_run(text, runs) or finished(find_run(text, runs))
    stages = [s for s in found if s.manifest.get("kind") == "evaluate"]
    if not stages:
        raise InputError("it has no finished evaluate stage", where=f"argument '{text}'")
    return stages


def _stage_folder(text: str, runs: Path) -> list[Finished]:
    """The stage of a stage folder; [] for other folders."""
    for folder in (Path(text).expanduser(), runs / text):
        if manifest := verified(folder):
            run, name = manifest.get("recipe") or folder.resolve().parent.name, manifest.get("stage")
            return [Finished(str(run), str(name or folder.name), folder, manifest)]
    return []


def _stage_of_run(text: str, runs: Path) -> list[Finished]:
    """The stage `<run>/<stage>`; [] if there is no such run. Raises InputError with the nearest stage."""
    run, _, name = text.rstrip("/").rpartition("/")
    folders = [f for f in (Path(run).expanduser(), runs / run) if run and (f / layout.LATEST).is_file()]
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
    """The same stages; runs with the same name and stage are renamed by what differs.

    That is the seed, else the folder of the runs, else the stage's digest.
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
