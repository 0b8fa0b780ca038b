"""`lab report RUN...`: a report over the finished evaluate stages of one or several runs.

A run is a folder `runs/<recipe>` as `lab run` leaves it, or only its name. The stages' own files are read;
nothing is evaluated again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core.errors import InputError, nearest
from lab.run import rundir


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished stage of a run."""

    run: str
    name: str
    folder: Path
    manifest: dict[str, Any]


def find_run(text: str, runs: Path) -> Path:
    """The folder of a run given by path or by name; InputError names the nearest."""
    for folder in (Path(text).expanduser(), runs / text):
        if (folder / rundir.LATEST).is_file():
            return folder
    if (folder := Path(text).expanduser()).is_dir():
        rundir.latest(folder)
    names = [p.parent.name for p in runs.glob(f"*/{rundir.LATEST}")]
    raise InputError(f"no run in {runs}.{nearest(text, names)}", where=f"argument '{text}'")


def finished(run: Path) -> list[Finished]:
    """The finished stages of the latest run in a folder, in order."""
    stages = rundir.latest(run)
    return [
        Finished(run.name, name, folder, rundir.manifest_of(folder) or {}) for name, folder in stages.items()
    ]


def rebuild(texts: Sequence[str], runs: Path, out: Path | None) -> Path:
    """Build a report over all evaluate stages of these runs; returns the path of report.html."""
    from eval.report import build_report
    from eval.report.view import StageView
    from lab.run.provenance import facts

    folders = [find_run(text, runs) for text in texts]
    stages = [
        stage for folder in folders for stage in finished(folder) if stage.manifest["kind"] == "evaluate"
    ]
    if not stages:
        raise InputError("no finished evaluate stage to report on", where=", ".join(texts))
    views = [StageView(s.name, s.manifest.get("model") or s.name, s.run, s.folder) for s in stages]
    sources = dict.fromkeys(str(s.manifest.get("source", "")) for s in stages)
    several = len(folders) > 1
    manifests = {f"{s.run}/{s.name}" if several else s.name: s.manifest for s in stages}
    target = out or (folders[0] / "report" if not several else folders[0].parent / "compared")
    return Path(build_report(views, target, facts("\n---\n".join(sources), manifests)))
