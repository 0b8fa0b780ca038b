"""What training on a corpus gained against what its examples cost: one mark per corpus."""

from __future__ import annotations

from collections.abc import Sequence

from eval.report.numbers import quantity
from eval.report.plots.plot import Axis, Dot, Plot
from eval.report.plots.plot import Line as Mark
from eval.report.sections.corpora import SECTION, CorpusResult

FEWEST = 3
"""Corpora below which the table says it all."""
HUES = MARKERS = 8
NOTE = (
    "Marks: accuracy after training on the corpus minus that of the untrained model, paired, "
    "with 95 % CI over problems, against the FLOPs spent per kept example. A corpus that "
    "cost nothing is only in the table."
)


def plots(lines: Sequence[CorpusResult]) -> list[Plot]:
    """One plot per task with at least FEWEST corpora that have a cost and a gain."""
    found = []
    for task in dict.fromkeys(line.task for line in lines):
        mine = [line for line in lines if line.task == task and line.difference is not None]
        marks = [line for line in mine if line.corpus.flops]
        if len(marks) >= FEWEST:
            x = Axis("FLOPs per kept example", log=True, unit="FLOPs")
            y, title = (
                Axis("gain in accuracy"),
                "Gain from training on a corpus against the cost of its examples",
            )
            drawn = tuple(_mark(number, line) for number, line in enumerate(marks))
            found.append(Plot("corpora", SECTION, title, NOTE, task, x, y, drawn))
    return found


def _mark(number: int, line: CorpusResult) -> Mark:
    """Hue and marker together tell 64 corpora apart."""
    corpus, flops = line.corpus, line.corpus.flops or 0.0
    note = f"{corpus.method}, {line.trainer}: {corpus.kept:,} kept, {quantity(flops, 'FLOPs')} each"
    dot = Dot(flops, line.difference or 0.0, line.difference_low, line.difference_high, note)
    return Mark(corpus.name, (dot,), number % HUES, (number + number // HUES) % MARKERS, "dots")
