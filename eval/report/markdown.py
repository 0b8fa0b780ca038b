"""results.md: the table for a paper, strategy by task, with everything that was measured.

A row is a point: its accuracy and the cost of a problem. The last column is compute at equal accuracy: the
cost at which self-consistency reaches the accuracy of this method's best point, divided by the method's cost
(above 1: the method is cheaper).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.analysis.compute.ratios import Ratio
from eval.report.numbers import interval, quantity
from eval.report.overview.answer_readers import answer_readers
from eval.report.plots.style import named
from eval.report.section import Section
from eval.report.sections.chapters import by_chapter
from eval.report.tables import Table
from eval.report.view import LoadedStage, PointRow
from lab.system.terminal import safe

REFERENCE = "self_consistency"
CHEAPER = f"times cheaper than {REFERENCE}"
HEAD = ("method", "samples", "accuracy [95 % CI]", "tokens", "FLOPs", "seconds", CHEAPER)


def results(
    stages: Sequence[LoadedStage], ratios: Sequence[Ratio], title: str, sections: Sequence[Section] = ()
) -> str:
    """The complete file: a heading per stage and task, then one per table of the chapters that are printed.

    `ratios`: the analysis's ratios of compute.
    """
    lines = [f"# {_plain(title)}", "", NOTE]
    if said := answer_readers(stages):
        lines += ["", f"Answers were read by {_plain(said)}."]
    at_best = {(r.task, r.method, r.reference): r for r in ratios if r.at == "best"}
    for stage in stages:
        for task in dict.fromkeys(p.task for p in stage.points):
            lines += ["", f"## {_plain(f'{stage.label}: {stage.view.model} on {task}')}", ""]
            lines += ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
            lines += ["| " + " | ".join(row) + " |" for row in _rows(stage, task, at_best)]
    for table in _printed(sections):
        lines += ["", f"## {table.title}", "", table.note, ""]
        lines += ["| " + " | ".join(table.heads) + " |", "|" + " --- |" * len(table.heads)]
        cells = ([_plain(cell.text) for cell in row.cells] for row in table.rows)
        lines += ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join(lines) + "\n"


def _printed(sections: Sequence[Section]) -> Iterator[Table]:
    """The tables of the chapters that are printed, in their order."""
    chapters = [(chapter, members) for chapter, members in by_chapter(sections).items() if chapter.printed]
    for _, members in sorted(chapters, key=lambda item: item[0].printed):
        yield from (table for section in members for table in section.tables)


def _rows(stage: LoadedStage, task: str, ratios: dict[tuple[str, str, str], Ratio]) -> Iterator[list[str]]:
    """A row per measured point; for curves that are only derived, their largest number of samples."""
    points = [p for p in stage.points if p.task == task]
    measured = {p.method for p in points if p.measured}
    last = {p.method: p for p in points if p.method not in measured}
    shown = [p for p in points if p.measured or last.get(p.method) is p]
    ceilings = {a.curve for a in stage.answers if a.ceiling}
    for point in shown:
        strategy, scorer = point.method
        name = _plain(named(strategy, scorer))
        if scorer == "oracle" or strategy in ceilings:
            yield [f"{name} (ceiling)", *_numbers(point), ""]
            continue
        ratio = ratios.get((task, f"{stage.label}/{REFERENCE}", f"{stage.label}/{strategy}"))
        alone = sum(p.method == point.method for p in shown) == 1
        here = ratio is not None and (alone or ratio.n == point.numbers["samples"])
        yield [name, *_numbers(point), _cheaper(ratio, point) if ratio is not None and here else ""]


def _plain(text: str) -> str:
    """The text in a cell or a heading: on one line, control characters visible, no HTML."""
    return safe(text).replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")


def _numbers(point: PointRow) -> list[str]:
    of = point.numbers
    tokens = (of["prompt_tokens"] or 0) + (of["completion_tokens"] or 0)
    accuracy = interval(of["accuracy"], of["ci_low"], of["ci_high"], 3)
    costs = (quantity(v) for v in (tokens, of["flops_shared"], of["seconds"]))
    return [f"{of['samples'] or 0:.0f}", accuracy, *costs]


def _cheaper(ratio: Ratio, point: PointRow) -> str:
    """Self-consistency's cost divided by the method's, with the interval inverted; its samples if they
    differ.
    """
    at = "" if ratio.n == point.numbers["samples"] else f" at {ratio.n} samples"
    if ratio.cost is None or ratio.reference_cost is None:
        return f"not reached{at}"
    value = ratio.cost / ratio.reference_cost
    low = "0" if ratio.high is None else f"{1 / ratio.high:.2f}"
    high = "open" if not ratio.low else f"{1 / ratio.low:.2f}"
    return f"{'at most ' if ratio.at_most else ''}{value:.2f} [{low}, {high}]{at}"


NOTE = (
    "Tokens (prompt and generated), FLOPs (each shared prefix counted once) and engine "
    "seconds are means per problem, verifiers included. Intervals are over problems; those "
    "of the last column are paired. The last column says how much more compute "
    "self-consistency needs to be as accurate as the method at its best number of samples (compute of "
    "self-consistency divided by that of the method). “At most”: the cheapest point of "
    "self-consistency is already that accurate. “Not reached”: no point of self-consistency "
    "is that accurate."
)
