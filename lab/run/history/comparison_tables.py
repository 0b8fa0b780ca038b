"""Tables of comparisons (see `compare`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lab.run.folders.answer_readers import different
from lab.run.history.compare import ComparisonRow
from lab.system.terminal import safe


def warnings(rows: Sequence[ComparisonRow]) -> list[str]:
    """Warnings about sides that were read by different versions of the readers."""
    sides = dict.fromkeys((row.a, row.readers_a, row.b, row.readers_b) for row in rows)
    return [f"! {safe(said)}" for side in sides if (said := different(*side))]


def tables(rows: Sequence[ComparisonRow]) -> Iterator[Any]:
    """One `rich.table.Table` per pair of sides; names come from recipes and are made safe for a terminal."""
    for title in dict.fromkeys(_title(row, rows) for row in rows):
        yield _table(title, [row for row in rows if _title(row, rows) == title])


def _table(title: str, rows: Sequence[ComparisonRow]) -> Any:
    """A section per task, a row per strategy; narrow enough for 80 columns. Costs are tokens if no row has
    the FLOPs of both sides.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    flops = any(row.flops_shared_a and row.flops_shared_b for row in rows)
    cost = "FLOPs per problem (shared)" if flops else "generated tokens per problem (FLOPs are not known)"
    caption = (
        f"on shared problems, 95 % CI; p-values with Holm's correction over the strategies of a task; {cost}"
    )
    out = Table(title=Text(safe(title)), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    out.caption, out.caption_justify = Text(caption), "left"
    for name in ("strategy", "n", "A", "B", "B − A", "p", "FLOPs B" if flops else "tokens B", "B/A"):
        words = name == "strategy"
        out.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for task in dict.fromkeys(row.task for row in rows):
        out.add_row(Text(safe(task), style="bold"))
        for row in (row for row in rows if row.task == task):
            out.add_row(*(Text(safe(cell)) for cell in _cells(row, flops)))
    return out


def _title(row: ComparisonRow, rows: Sequence[ComparisonRow]) -> str:
    """What A and B are: stages, and the strategy of A if all are compared with one."""
    one = len({r.strategy_a for r in rows}) == 1 and any(r.strategy_a != r.strategy_b for r in rows)
    first = f"{row.a} · {row.strategy_a}" if one else row.a
    return f"A: {first}\nB: {row.b}"


def _cells(row: ComparisonRow, flops: bool) -> list[str]:
    """The cells of one row; its costs are FLOPs, else generated tokens."""
    from eval.report.numbers import interval, probability, quantity

    known = (row.flops_shared_a, row.flops_shared_b)
    a, b = known if flops else (row.completion_tokens_a, row.completion_tokens_b)
    return [
        row.strategy_b,
        str(row.problems),
        f"{row.accuracy_a:.3f}",
        f"{row.accuracy_b:.3f}",
        interval(row.difference, row.ci_low, row.ci_high, sign=True),
        probability(row.p_holm),
        quantity(b),
        _ratio(a, b),
    ]


def _ratio(a: float | None, b: float | None) -> str:
    return f"{b / a:.3g}x" if a and b else "–"
