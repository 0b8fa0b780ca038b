"""The parts of `lab show` about a corpus, about one stage, and about a run without finished stages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.formats.audit import read_audit
from lab.run.folders.views import Finished
from lab.run.stages import outcome
from lab.system.redact import redacted
from lab.system.terminal import safe

FOLDER = re.compile(r"(.+)-[0-9a-f]{12}")
"""The names of stage folders."""
_ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt): (.+)")
"""The last line of a traceback."""
LONGEST = 1000


def corpora(done: Mapping[str, Finished]) -> Iterator[dict[str, Any]]:
    """The corpus of each finished generate stage: the result, the filters with their counts, the card."""
    for stage in done.values():
        if stage.manifest.get("kind") == "generate" and (rows := _filters(stage.folder)) is not None:
            card = str(stage.folder / "README.md")
            result = outcome(stage.folder)
            yield {"stage": stage.name, "result": result, "filters": rows, "card": card}


def _filters(folder: Path) -> list[dict[str, Any]] | None:
    """Name, examples in, examples out of each filter; None if audit.json cannot be read."""
    try:
        rows = read_audit(folder)["yield"]
        return [{"filter": row["step"], "in": row["in"], "out": row["out"]} for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def of_stage(data: Mapping[str, Any], name: str, ids: list[str]) -> dict[str, Any]:
    """A run's overview with one stage only, and its problems."""
    parts = ("stages", "points", "corpora")
    kept = {part: [row for row in data[part] if row["stage"] == name] for part in parts}
    return {**data, **kept, "problems": ids}


def corpus_lines(corpus: Mapping[str, Any]) -> Iterator[str]:
    """A corpus in a few lines."""
    yield f"{corpus['stage']}: {corpus['result']}"
    for row in corpus["filters"]:
        yield f"  {row['filter']}: {row['in']:,} in, {row['out']:,} out"
    yield f"  card: {corpus['card']}"


def nothing_finished(run: Path) -> str:
    """A message that no stage has finished, with the last error of the latest stage; "" if the folder has no
    stage.
    """
    begun = [f for f in run.glob("*") if FOLDER.fullmatch(f.name) and (f / "log.txt").is_file()]
    if not begun:
        return ""
    last = max(begun, key=lambda folder: (folder / "log.txt").stat().st_mtime)
    error = _last_error(last / "log.txt")
    said = f" The last error: {error}" if error else ""
    return f"no stage of this run has finished.{said} (the log: {last / 'log.txt'})"


def _last_error(log: Path) -> str:
    """The last error in a log, in one line; "" if there is none."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = next((match[1] for line in reversed(lines) if (match := _ERROR.match(line))), "")
    return safe(redacted(found))[:LONGEST]
