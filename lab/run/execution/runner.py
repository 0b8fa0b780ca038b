"""Runs a recipe: each stage once, in order; finished stages are skipped.

The inputs of a stage are known before it starts (they are finished and have digests), so its directory is
known, too. If its manifest is there, the stage is finished (see `stage_run`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import InputError, LabError, StageError, nearest
from lab.run.cluster.config import RayCluster
from lab.run.cluster.ray_cluster import LOCAL, started_here
from lab.run.execution.console import Console
from lab.run.execution.self_training import SelfTrainings
from lab.run.execution.stage_processes import StageProcesses
from lab.run.execution.stage_run import StageRun
from lab.run.folders import layout
from lab.run.folders.lineage import Origin
from lab.run.recipe.recipe import Recipe, render
from lab.system.files import private_folder, write_atomic
from lab.system.machine import detect
from lab.system.redact import redacted


@dataclass(frozen=True, slots=True)
class RunResult:
    """The finished directories by stage name, the reports among them, and why stages failed."""

    stages: dict[str, Path]
    reports: tuple[Path, ...]
    failures: tuple[str, ...] = ()


def run_recipe(
    recipe: Recipe,
    *,
    runs: Path,
    console: Console,
    source: str = "",
    keep_going: bool = False,
    redo: Sequence[str] = (),
) -> RunResult:
    """Runs every stage that is not finished.

    `source` is the recipe's own text, stored as provenance. Raises InputError (the user's mistake) or
    StageError/EngineError (a failure during the run); finished stages and stored completions are kept. With
    `keep_going` a failed stage is skipped, with all that read it, and reported in the result. The stages in
    `redo` are run again from the beginning, finished or not; a stage that reads one is run again if its
    result has changed.
    """
    _writable(runs)
    done: dict[str, Path] = {}
    failures: list[str] = []
    source = redacted(source or render(recipe))
    flat = recipe.flat()
    progress, anew, told = SelfTrainings(flat), again(redo, flat.origins), set[str]()
    with StageProcesses() as processes, _disk_full_is_said(runs), _cluster(recipe, console) as cluster:
        for name in flat.stages:
            now = recipe.with_stages(progress.stages())
            if name not in now.stages:
                continue
            try:
                stage = StageRun(now, name, runs, done, source, flat.origins[name], cluster)
                done[name] = stage.run(console, processes, told, anew=name in anew)
            except LabError as error:
                if not keep_going:
                    raise
                progress.failed(name)
                failures.append(str(error))
                console.note(f"skipped, together with the stages that depend on it: {error}")
                continue
            layout.record(runs, recipe.name, done)
            for line in progress.finished(name, done[name]):
                console.note(line)
    reports = tuple(f / page for n, f in done.items() if (page := flat.stages[n].report_page))
    return RunResult(done, reports, tuple(failures))


def again(wanted: Iterable[str], origins: Mapping[str, Origin]) -> frozenset[str]:
    """The plain stages for `--redo`: by their own name, or by that of the written stage.

    Raises InputError for a name that the recipe does not have.
    """
    found = set[str]()
    for name in wanted:
        mine = {stage for stage in origins if name in (stage, origins[stage].stage)}
        if not mine:
            names = {*origins, *(origin.stage for origin in origins.values())}
            raise InputError(f"there is no stage '{name}'.{nearest(name, names)}", where="--redo")
        found |= mine
    return frozenset(found)


@contextmanager
def _cluster(recipe: Recipe, console: Console) -> Iterator[RayCluster | None]:
    """The cluster that the recipe asks for, with the address at which it is reached; None without one.

    A cluster of this machine alone lasts as long as the run.
    """
    cluster = recipe.cluster
    if not isinstance(cluster, RayCluster):
        yield None
    elif cluster.address != LOCAL:
        yield cluster
    else:
        machine = detect()
        console.note("Ray is being started on this machine")
        with started_here(max(1, machine.physical_cores), len(machine.gpus)) as address:
            yield cluster.model_copy(update={"address": address})


@contextmanager
def _disk_full_is_said(runs: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not layout.is_disk_full(error):
            raise
        raise StageError(layout.no_space(runs)) from None


def _writable(runs: Path) -> None:
    try:
        private_folder(runs)
        write_atomic(runs / ".writable", "")
        (runs / ".writable").unlink()
    except OSError as error:
        raise InputError(f"this folder cannot be written to: {error.strerror}", where=str(runs)) from None
