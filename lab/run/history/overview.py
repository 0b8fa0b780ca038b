"""`lab show` and `lab show RUN`: all runs in a folder, or the stages of one run, as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.formats import points as points_file
from lab.formats.problems import read_problems
from lab.run.folders.answer_readers import outdated, readers_of
from lab.run.folders.layout import LATEST
from lab.run.folders.views import Finished
from lab.run.history.runs import finished
from lab.run.history.show_stage import corpora, of_stage


def all_runs(runs: Path) -> list[dict[str, Any]]:
    """Every run in a folder of runs, the latest first: name, time, finished stages, and its last result."""
    from lab.run.stages import outcome

    found = []
    for path in runs.glob(f"*/{LATEST}"):
        try:
            names = json.loads(path.read_text())["stages"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        done = finished(path.parent)
        told = [stage for stage in done if stage.manifest.get("kind") == "evaluate"] or done
        found.append(
            {
                "run": path.parent.name,
                "folder": str(path.parent),
                "finished": max((str(s.manifest.get("finished", "")) for s in done), default=""),
                "stages": len(names),
                "done": len(done),
                "result": f"{told[-1].name}: {outcome(told[-1].folder)}" if told else "",
            }
        )
    return sorted(found, key=lambda run: run["finished"], reverse=True)


def problem_ids(done: dict[str, Finished]) -> list[str]:
    """The ids of the problems of the evaluate stages, in order."""
    asked = (read_problems(stage.folder) for stage in done.values())
    return list(dict.fromkeys(id for tasks in asked for ids in tasks.values() for id in ids))


def is_stage(run: Path, name: str) -> bool:
    """Whether a run has a stage of this name."""
    return name in json.loads((run / LATEST).read_text())["stages"]


def one_stage(run: Path, name: str) -> dict[str, Any]:
    """As `overview`, for one stage."""
    ids = problem_ids({s.name: s for s in finished(run) if s.name == name})
    return of_stage(overview(run), name, ids)


def overview(run: Path) -> dict[str, Any]:
    """A run's stages with status, digest, time and memory, what its corpora kept, and the problems that can
    be shown.
    """
    names = json.loads((run / LATEST).read_text())["stages"]
    done = {s.name: s for s in finished(run)}
    stages = [_stage(name, folder, done.get(name)) for name, folder in names.items()]
    points, problems = list(measured_points(done)), problem_ids(done)
    warning = outdated(list(done.values()))
    return {
        "run": run.name,
        "folder": str(run),
        "stages": stages,
        "points": points,
        "corpora": list(corpora(done)),
        "problems": problems,
        "warnings": [warning] if warning else [],
    }


def _stage(name: str, folder: str, stage: Finished | None) -> dict[str, Any]:
    if stage is None:
        return {"stage": name, "folder": folder, "status": "unfinished"}
    keys = ("kind", "model", "digest", "started", "finished", "seconds", "peak_memory_gib", "efficiency")
    told = {k: stage.manifest.get(k) for k in keys} | {"readers": readers_of(stage.manifest)}
    return {"stage": name, "folder": folder, "status": "done", **told}


def measured_points(done: dict[str, Finished]) -> Iterator[dict[str, str]]:
    """The measured rows of every evaluate stage's points.csv."""
    for stage in done.values():
        if stage.manifest.get("kind") == "evaluate" and (stage.folder / points_file.FILE).is_file():
            yield from (row for row in points_file.read_lines(stage.folder) if row["origin"] == "measured")
