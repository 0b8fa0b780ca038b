"""`lab show RUN PROBLEM`: every answer to one problem, with the reason for its verdict.

Everything a model wrote is untrusted text: it passes `lab.system.terminal.safe` and is printed as plain
text, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.core.failures import reason_of
from lab.errors import InputError, nearest
from lab.formats import answers as answers_file
from lab.run.history.runs import finished
from lab.system.terminal import plain_text

SHOWN_SAMPLES = 8
"""Candidates of a pool that are printed; `--json` has all."""
SHOWN_TEXT = 600


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


def print_answers(rows: list[dict[str, Any]], console: Any, *, debug: bool = False) -> None:
    """Prints the prompt and gold once, then for every strategy its answer, its verdict and its candidates."""
    first = rows[0]
    console.print(plain_text(f"problem {first['problem_id']} of {first['task']}", "bold"))
    for message in json.loads(first["messages"]):
        console.print(plain_text(f"{message['role']}: {message['content']}"))
    console.print(plain_text(f"gold: {_compact(first['gold'])}", "green"))
    shown: set[tuple[str, ...]] = set()
    for row in rows:
        console.print(plain_text(f"\n{row['stage']} · {row['strategy']}  {_verdict(row)}", "bold"))
        if row["failed"]:
            error = row["error"] if debug else f"  {_cut(reason_of(row['error']))}"
            console.print(plain_text(error, "red"))
            continue
        cost = f"{row['requests']} requests, {row['prompt_tokens']} + {row['completion_tokens']} tokens"
        console.print(plain_text(f"  {_why(row)}; {cost}", "dim"))
        pool = (row["stage"], *(c["text"] for c in row["candidates"]))
        for line in _pool_lines(row, texts=pool not in shown):
            console.print(plain_text(line))
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
