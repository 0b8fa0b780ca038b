"""`lab show RUN [STAGE or PROBLEM]`: shows a run, a stage, or the answers to one problem.

Model output is untrusted text: it is filtered by `lab.system.terminal.safe` and printed as plain text, never
as markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

from lab.core.failures import reason_of
from lab.errors import InputError, nearest
from lab.formats import answers as answers_file
from lab.formats import points as points_file
from lab.formats.problems import read_problems
from lab.run.cost.efficiency import said
from lab.run.folders.answer_readers import outdated, readers_of
from lab.run.folders.layout import LATEST
from lab.run.folders.views import Finished
from lab.run.history.runs import finished
from lab.run.history.show_stage import corpora, corpus_lines, of_stage
from lab.system.terminal import duration, safe

SHOWN_SAMPLES = 8
"""Maximum number of candidates of a pool that are printed; `--json` has all."""
SHOWN_TEXT = 600
SHOWN_IDS = 5


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


def print_runs(found: list[dict[str, Any]], runs: Path, console: Any) -> None:
    """Prints one line per run, and the next command to type."""
    if not found:
        console.print(_text(f"there are no runs in {runs}; start one with `lab run recipes/quickstart.yaml`"))
        return
    width = max(len(safe(run["run"])) for run in found)
    for run in found:
        stages = f"{run['done']}/{run['stages']} stages"
        when = run["finished"].replace("T", " ").removesuffix(":00Z")[:16]
        console.print(
            _text(f"{run['run']:<{width}}  {when:16}  {stages:>12}  {run['result']}"), soft_wrap=True
        )
    console.print(_text("`lab show NAME` shows one of them"))


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
    points, problems = list(_points(done)), problem_ids(done)
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


def _points(done: dict[str, Finished]) -> Iterator[dict[str, str]]:
    """The measured rows of every evaluate stage's points.csv."""
    for stage in done.values():
        if stage.manifest.get("kind") == "evaluate" and (stage.folder / points_file.FILE).is_file():
            yield from (row for row in points_file.read_lines(stage.folder) if row["origin"] == "measured")


def answers(run: Path, problem: str) -> list[dict[str, Any]]:
    """Every answer to one problem in every evaluate stage. Raises InputError with the nearest problem."""
    rows, known = [], set[str]()
    for stage in finished(run):
        if stage.manifest.get("kind") != "evaluate" or not (stage.folder / answers_file.FILE).is_file():
            continue
        rows += [{"stage": stage.name, **row} for row in answers_file.read_problem(stage.folder, problem)]
        known |= answers_file.problem_ids(stage.folder)
    if not rows:
        some = sorted(known)[:2000]
        hint = (
            nearest(problem, some)
            if len(some) <= 20 or _close(problem, some)
            else f" Some of its problems: {', '.join(some[:5])}."
        )
        raise InputError(f"there is no problem '{problem}' in this run.{hint}", where=str(run))
    return rows


def _close(name: str, names: list[str]) -> bool:
    import difflib

    return bool(difflib.get_close_matches(name, names, n=1, cutoff=0.5))


def print_overview(data: dict[str, Any], console: Any) -> None:
    """Prints two tables (stages, and the measured points of every model) and what each corpus kept."""
    from rich.table import Table

    stages = Table(title=f"run {safe(data['run'])}", title_justify="left")
    for name in ("stage", "kind", "status", "time", "memory", "efficiency", "folder"):
        stages.add_column(name, overflow="fold")
    for s in data["stages"]:
        time = duration(s["seconds"]) if s.get("seconds") is not None else ""
        memory = f"{s['peak_memory_gib']:.1f} GiB" if s.get("peak_memory_gib") is not None else ""
        cells = (s["stage"], s.get("kind", ""), s["status"], time, memory, said(s.get("efficiency")))
        stages.add_row(*(_text(t) for t in (*cells, s["folder"])))
    console.print(stages)
    for line in (line for corpus in data["corpora"] for line in corpus_lines(corpus)):
        console.print(_text(line), soft_wrap=True)
    if data["points"]:
        _print_points(data["points"], console)
    for line in data["warnings"]:
        console.print(_text(f"! {line}"), soft_wrap=True)
    if ids := data["problems"]:
        more = f", … ({len(ids):,} in total; --json lists all)" if len(ids) > SHOWN_IDS else ""
        console.print(
            _text(
                f"`lab show {data['run']} PROBLEM` shows every answer to a problem: "
                f"{', '.join(ids[:SHOWN_IDS])}{more}"
            ),
            soft_wrap=True,
        )


def print_points(folder: Path, console: Any) -> None:
    """Prints the measured points of one finished evaluate stage; nothing for other stages."""
    from lab.formats.manifest import manifest_of

    manifest = manifest_of(folder) or {}
    stage = Finished("", str(manifest.get("stage")), folder, manifest)
    if rows := list(_points({stage.name: stage})):
        _print_points(rows, console)


def _print_points(rows: list[dict[str, str]], console: Any) -> None:
    from rich.table import Table

    from eval.report.numbers import MISSING

    points = Table(title="measured accuracy (95 % CI), per problem", title_justify="left")
    for name in ("stage", "task", "strategy", "samples", "accuracy", "tokens", "FLOPs"):
        points.add_column(
            name, justify="right" if name in ("samples", "tokens", "FLOPs") else "left", overflow="fold"
        )
    for p in rows:
        tokens = _number(p["prompt_tokens"]) + _number(p["completion_tokens"])
        accuracy = f"{_number(p['accuracy']):.3f} [{_number(p['ci_low']):.3f}, {_number(p['ci_high']):.3f}]"
        flops = f"{_number(p['flops_shared']):.2e}" if isfinite(_number(p["flops_shared"])) else MISSING
        cells = (p["stage"], p["task"], p["strategy"], p["samples"], accuracy, f"{tokens:,.0f}", flops)
        points.add_row(*(_text(c) for c in cells))
    console.print(points)


def print_answers(rows: list[dict[str, Any]], console: Any, *, debug: bool = False) -> None:
    """Prints the prompt and gold once, then for every strategy its answer, its verdict and its candidates."""
    first = rows[0]
    console.print(_text(f"problem {first['problem_id']} of {first['task']}", "bold"))
    for message in json.loads(first["messages"]):
        console.print(_text(f"{message['role']}: {message['content']}"))
    console.print(_text(f"gold: {_compact(first['gold'])}", "green"))
    shown: set[tuple[str, ...]] = set()
    for row in rows:
        console.print(_text(f"\n{row['stage']} · {row['strategy']}  {_verdict(row)}", "bold"))
        if row["failed"]:
            error = row["error"] if debug else f"  {_cut(reason_of(row['error']))}"
            console.print(_text(error, "red"))
            continue
        cost = f"{row['requests']} requests, {row['prompt_tokens']} + {row['completion_tokens']} tokens"
        console.print(_text(f"  {_why(row)}; {cost}", "dim"))
        pool = (row["stage"], *(c["text"] for c in row["candidates"]))
        for line in _pool_lines(row, texts=pool not in shown):
            console.print(_text(line))
        shown.add(pool)


def _pool_lines(row: dict[str, Any], *, texts: bool) -> Iterator[str]:
    """The candidates, with their texts unless an earlier strategy of the stage showed the same pool."""
    pool = row["candidates"]
    if len(pool) < 2:
        yield _indent(row["text"])
        return
    best = max(
        (i for i, c in enumerate(pool) if c["text"] == row["text"]),
        key=lambda i: (pool[i]["score"] or 0.0, -i),
        default=None,
    )
    for i, candidate in enumerate(pool[:SHOWN_SAMPLES]):
        yield f"  [{i}] {_candidate(candidate)}{' ← chosen' if i == best and row['kind'] != 'sample' else ''}"
        if texts:
            yield _indent(candidate["text"], 6)
    if len(pool) > SHOWN_SAMPLES:
        yield f"  … and {len(pool) - SHOWN_SAMPLES} more (--json shows all)"


def _verdict(row: dict[str, Any]) -> str:
    word = {True: "right", False: "wrong", None: "unscored"}[row["correct"]]
    return (
        "failed"
        if row["failed"]
        else f"{word} (answer {row['value']!r})" + (" ceiling" if row["ceiling"] else "")
    )


def _why(row: dict[str, Any]) -> str:
    """Why this answer was chosen, and why it is right or wrong."""
    pool = row["candidates"]
    reason = row["reason"] or "the checker gave no reason"
    if len(pool) < 2:
        return reason
    right = sum(bool(c["correct"]) for c in pool)
    same = f"{sum(c['value'] == row['value'] for c in pool)} of {len(pool)} give this answer"
    if row["kind"] == "sample":
        how = "a pool for pass@k; no answer is chosen"
    elif row["kind"] == "best_of_n":
        how = f"highest {row['scorer']}"
    else:
        how = f"{same}, weighted by {row['scorer']}" if row["scorer"] else same
    return f"chosen: {how}; {right} of {len(pool)} candidates are right; {reason}"


def _candidate(candidate: dict[str, Any]) -> str:
    mark = {True: "right", False: "wrong", None: "unscored"}[candidate["correct"]]
    score = "" if candidate["score"] is None else f" score {candidate['score']:.3f}"
    cut = " (cut off)" if candidate["finish_reason"] == "length" else ""
    return f"{mark}, answer {candidate['value']!r}{score}{cut}"


def _indent(text: str, by: int = 2) -> str:
    return "\n".join(" " * by + line for line in _cut(text).splitlines())


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]} …"


def _compact(gold: str) -> str:
    try:
        value = json.loads(gold)
    except ValueError:
        return gold
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _text(text: object, style: str = "") -> Any:
    from rich.text import Text

    return Text(safe(str(text if text is not None else "")), style=style)
