"""A stage for tests of clusters: two short plans about each number, and products that are lists of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.core.bank.store import Bank
from lab.core.ledger import LedgerRow
from lab.core.scheduling.jobs import Job, Outcome
from lab.core.shards import Shard
from lab.core.types import Plan, Request, Sampling


class Questions:
    """A stage that asks two questions about each number; its product lists the answers and ledger rows."""

    def __init__(self, count: int) -> None:
        self.total: int | None = 2 * count
        self.count = count

    def items(self) -> Iterator[int]:
        return iter(range(self.count))

    def problem(self, item: int) -> str:
        return f"sum/{item}"

    def cases(self, item: int) -> Iterator[tuple[str, Job[str]]]:
        for which in "ab":
            yield f"{item}{which}", Job(self.problem(item), which, self.plan(item, which))

    def plan(self, item: int, which: str) -> Plan[str]:
        message = {"role": "user", "content": f"{which} {item}"}
        request = Request(messages=(message,), sampling=Sampling(max_tokens=8))  # type: ignore[arg-type]
        first = yield [request]
        second = yield [request, request] if item % 3 == 0 else [request]
        return first[0].text + second[0].text

    @contextmanager
    def part(self, folder: Path) -> Iterator[Lines]:
        yield Lines(folder)

    product = part


class Lines:
    """A part and a product: lines of text, and the ledger's rows as numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lines, self.rows = folder, list[str](), list[list[Any]]()

    def extend(self, rows: list[LedgerRow]) -> None:
        self.rows += [[row.problem, row.strategy, row.completion_tokens] for row in rows]

    def take(self, case: str, outcome: Outcome[Any]) -> None:
        assert outcome.job.group.partition("/")[2] + outcome.job.strategy == case
        self.lines.append(f"{case}: {outcome.result}")

    def save(self) -> None:
        (self.folder / "lines.json").write_text(json.dumps([self.lines, self.rows]))

    def absorb(self, part: Path) -> None:
        lines, rows = json.loads((part / "lines.json").read_text())
        self.lines += lines
        self.rows += rows

    def check(self) -> None:
        pass


class NoStore(Bank):
    """A bank that needs to know nothing of shards."""

    def __init__(self) -> None:
        super().__init__(":memory:")

    def open_shard(self, shard: Shard, problems: list[str], folder: Path) -> None:
        assert folder.is_dir()

    def finish_shard(self, shard: Shard) -> None:
        pass
