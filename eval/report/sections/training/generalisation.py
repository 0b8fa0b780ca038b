"""Sets of test problems beside each other: same, harder, rephrased, unseen, as their tasks say.

Every strategy that all the stages have is shown. The first stage whose model no stage has trained is the base
of the gains, the first set named is the reference of the gaps; the numbers are those of
eval/analysis/generalisation.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from math import isfinite

from eval.analysis.generalisation import Generalisation, ProblemResults, ValueLowHigh, generalisation
from eval.compare import read_results
from eval.report.overview.comparisons import contestants
from eval.report.plots.plot import UNIT_INTERVAL, Axis, Dot, Line, Plot
from eval.report.plots.style import methods_of
from eval.report.section import ReportInputs, Section
from eval.report.sections.chapters import GENERALISATION
from eval.report.tables import Table, estimate, number, table, text
from eval.report.view import ALL, LoadedStage
from lab.system.spreadsheet import Writer

NOTE = (
    "Reference: the set '{reference}'. Gains are paired on the problems that the model and "
    "{base} both answered; gaps compare different problems and are not paired. A gap above 0 "
    "means that less of the gain remains on this set. The share is shown only where the "
    "whole interval of the reference's gain is above 0. Where both models are near 0 or near "
    "1, there is little room for a gain, and a gap means little. Intervals are over "
    "problems, in the wordings that the tasks list; they do not cover another training seed."
)


def section(inputs: ReportInputs) -> Section:
    """The section on generalisation."""
    rows = rows_of(inputs.stages)
    return Section(
        "generalisation",
        "How much of the gain from training remains on other problems?",
        GENERALISATION,
        tables=table_of(rows),
        plots=plots(rows, inputs.stages),
        data={"generalisation": [asdict(row) for row in rows]},
        files={"generalisation.csv": to_csv(rows)} if rows else {},
    )


def rows_of(stages: Sequence[LoadedStage]) -> list[Generalisation]:
    """A row per strategy, stage and set; [] where fewer than two sets are named."""
    chosen = [stage for stage in stages if stage.view.sets]
    names = list(dict.fromkeys(name for stage in chosen for name in stage.view.sets.values()))
    if len(names) < 2:
        return []
    base = next((stage for stage in chosen if stage.view.training is None), None)
    shared = [s for s in contestants(chosen[0]) if all(s in contestants(other) for other in chosen)]
    answers = {stage.label: read_results(stage.view.folder) for stage in chosen}
    found = []
    for strategy in shared:
        sets = {s.label: _sets(s, answers[s.label], strategy, names) for s in chosen}
        for stage in chosen:
            rows = partial(generalisation, stage.label, strategy, sets[stage.label], names[0])
            trained = base is not None and stage.view.training is not None
            found += rows(base.label, sets[base.label]) if trained and base else rows()
    return found


def _sets(
    stage: LoadedStage,
    answers: Mapping[tuple[str, str], ProblemResults],
    strategy: str,
    names: Sequence[str],
) -> dict[str, ProblemResults]:
    """Set -> the results of all its tasks, ids and clusters told apart by task."""
    return {
        name: {
            f"{task}\x1f{id}": (value, f"{task}\x1f{cluster}")
            for task, mine in stage.view.sets.items()
            if mine == name
            for id, (value, cluster) in answers.get((task, strategy), {}).items()
        }
        for name in names
    }


def table_of(rows: Sequence[Generalisation]) -> tuple[Table, ...]:
    """One table, set by set."""
    if not rows:
        return ()
    base = next((row.base for row in rows if row.base), "the base model")
    order = list(dict.fromkeys(row.test_set for row in rows))
    columns = (
        text("set", "test_set"),
        text("model", "model"),
        text("strategy", "strategy"),
        number("problems", "problems", 0),
        estimate("accuracy", "accuracy", "low", "high"),
        estimate("below the reference", "drop", "drop_low", "drop_high", sign=True),
        estimate("gain over base", "gain", "gain_low", "gain_high", sign=True),
        estimate("gap: the reference's gain minus this", "gap", "gap_low", "gap_high", sign=True),
        estimate("share of the gain", "transfer", "transfer_low", "transfer_high", digits=2),
    )
    return table(
        "generalisation",
        "Gains by set",
        NOTE.format(reference=rows[0].reference, base=base),
        sorted(rows, key=lambda row: order.index(row.test_set)),
        columns,
        task=lambda row: ALL,
    )


def accuracy_of(row: Generalisation) -> ValueLowHigh:
    """Accuracy with its interval."""
    return row.accuracy, row.low, row.high


def gain_of(row: Generalisation) -> ValueLowHigh:
    """Gain over the base with its interval."""
    return row.gain, row.gain_low, row.gain_high


def plots(rows: Sequence[Generalisation], stages: Sequence[LoadedStage]) -> tuple[Plot, ...]:
    """Accuracy by set, and the gain of every trained model by set."""
    tuned = [row for row in rows if isfinite(row.gain)]
    drawn = (
        ("generalisation", "Accuracy by set", UNIT_INTERVAL.named("accuracy"), accuracy_of, rows),
        ("generalisation-gain", "Gain by set", Axis("accuracy gained"), gain_of, tuned),
    )
    return tuple(_plot(*plot, stages) for plot in drawn if plot[-1])


def _plot(
    family: str,
    title: str,
    y: Axis,
    of: Callable[[Generalisation], ValueLowHigh],
    rows: Sequence[Generalisation],
    stages: Sequence[LoadedStage],
) -> Plot:
    """A mark per model and strategy at every set; the model is the marker, the strategy the hue."""
    names = list(dict.fromkeys(row.test_set for row in rows))
    models = list(dict.fromkeys(row.model for row in rows))
    hues = {m.strategy: m.hue for m in methods_of(stages)}
    strategies = list(dict.fromkeys(row.strategy for row in rows))
    lines = []
    for strategy in strategies:
        for i, model in enumerate(models):
            mine = [row for row in rows if (row.model, row.strategy) == (model, strategy)]
            dots = tuple(Dot(float(names.index(r.test_set)), *of(r), f"{r.problems} problems") for r in mine)
            label = f"{model} · {strategy}" if len(strategies) > 1 else model
            hue = hues.get(strategy, strategies.index(strategy)) if len(strategies) > 1 else i
            lines.append(Line(label, dots, hue % 8, i % 8, "dots"))
    x = Axis("set of test problems", ticks=tuple(names))
    note = "Bars: 95 % CI over problems. The first set is the reference."
    return Plot(family, title, note, ALL, x, y, tuple(lines))


def to_csv(rows: Sequence[Generalisation]) -> str:
    """generalisation.csv: numbers unrounded, ends of intervals in columns, an empty cell where undefined."""
    text = io.StringIO(newline="")
    writer = Writer(text)
    writer.writerow(f.name for f in fields(Generalisation))
    writer.writerows(map(_plain, asdict(row).values()) for row in rows)
    return text.getvalue()


def _plain(value: object) -> object:
    return "" if isinstance(value, float) and not isfinite(value) else value
