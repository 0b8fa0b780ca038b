"""The tables of right readings, and how many of their rows the checkers read right, by kind.

`python -m tests.support.reading_table [FILE]` prints the score and every row that is read wrongly. A row
has a `checker`, a `text`, and either a `gold` and whether it is `correct`, or the canonical `value` (null:
unparsed), and perhaps the problem's `question` and `meta`; or it says whether a text `abstains`. A
`contested` row says why the value it was given is thought wrong: it has to be read the other way.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab.core.types import Problem
from lab.language.abstention.reading import abstains
from lab.tasks.checkers import Choice, Contains, Exact, Math, Numeric, Text
from lab.tasks.knowledge.short_answer import ShortAnswer

CASES = Path(__file__).parents[1] / "cases"
TABLES = (CASES / "reading.jsonl", CASES / "reading_more.jsonl")
CHECKERS: Mapping[str, Any] = {
    "choice": Choice(),
    "contains": Contains(),
    "exact": Exact(),
    "math": Math(),
    "numeric": Numeric(),
    "short_answer": ShortAnswer(),
    "text": Text(),
}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def kind(row: Mapping[str, Any]) -> str:
    """What reads it."""
    return str(row.get("checker", "abstains"))


def reads_right(row: Mapping[str, Any]) -> bool:
    """Whether the row is read as it says."""
    if "abstains" in row:
        return abstains(row["text"]) is row["abstains"]
    checker = CHECKERS[row["checker"]]
    if "value" in row:
        return bool(checker.canonical(row["text"]) == row["value"])
    turn = {"role": "user", "content": row.get("question", "What is it?")}
    problem = Problem("p", (turn,), row["gold"], row.get("meta", {}))
    return bool(checker.check(problem, row["text"]).correct) is row["correct"]


def main(paths: list[Path]) -> None:
    """Print every row that is read wrongly, and the score by kind."""
    right, every = Counter[str](), Counter[str]()
    for row in (row for path in paths for row in rows(path)):
        good = reads_right(row)
        every[kind(row)] += 1
        right[kind(row)] += good
        if not good:
            print("contested" if "contested" in row else "WRONG", json.dumps(row, ensure_ascii=False))
    for name in sorted(every):
        print(f"{name:10} {right[name]:4} of {every[name]:4}")
    print(f"{'all':10} {right.total():4} of {every.total():4}")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or list(TABLES))
