"""The sentences at the top of the page, computed from the numbers.

They never claim more than the intervals show: if the interval of a paired difference includes zero, the
sentence says that no difference is shown. A gain that is the best of several is tested by its adjusted p.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.report.numbers import counted, decimal, interval, probability, quantity
from eval.report.overview import faults
from eval.report.overview.comparisons import StageComparison
from eval.report.plots.axes import SHARED, TOKENS
from eval.report.plots.figure import stage_label
from eval.report.plots.style import named
from eval.report.view import LoadedStage, PointRow, tasks_of
from lab.formats.manifest import read_notes

LEVEL = 0.05
NOTHING = "Nothing was measured: no answer in these stages could be checked."


def headline(stages: Sequence[LoadedStage], comparisons: Sequence[StageComparison]) -> list[str]:
    """One sentence on training, one on inference compute, one on what could not be measured; left out if the
    files lack the numbers.
    """
    subject = _subject(stages)
    sentences = [NOTHING]
    if subject:
        sentences = [_on_training(stages, comparisons, *subject), _on_compute(stages, comparisons, *subject)]
    return [s for s in (*sentences, _on_gaps(stages), *_notes(stages)) if s]


def _subject(stages: Sequence[LoadedStage]) -> tuple[LoadedStage, str, str] | None:
    """(stage, task, strategy) of the headline: for the first measured task (the pooled one, if there is one),
    the last stage that has it, at its reference strategy.
    """
    for task in tasks_of(stages):
        for stage in reversed(stages):
            if strategy := _reference(stage, task):
                return stage, task, strategy
    return None


def _on_training(
    stages: Sequence[LoadedStage],
    comparisons: Sequence[StageComparison],
    stage: LoadedStage,
    task: str,
    strategy: str,
) -> str:
    """The stage at its reference strategy, against the first stage with the same strategy."""
    after = measured(stage, strategy, task)
    assert after is not None
    own = f"{speaker(stage, stages)} reaches {_accuracy(after)} at {strategy}"
    first = next(s for s in stages if measured(s, strategy, task))
    before = measured(first, strategy, task)
    if first is stage or before is None:
        return f"{own} (n = {after.number('problems'):.0f} problems, 95 % CI)."
    pairs = [c for c in comparisons if c.kind == "models" and c.task == task and c.strategy == strategy]
    pair = next((c for c in pairs if (c.stage, c.baseline_stage) == (stage.label, first.label)), None)
    against = f"{own} against {_accuracy(before)} for {speaker(first, stages)}"
    return f"{against}; {_difference(pair)}." if pair else f"{against}."


def _difference(pair: StageComparison) -> str:
    change = interval(pair.difference, pair.low, pair.high, 2, sign=True)
    shown = f"paired difference {change}, n = {pair.problems} shared problems"
    clear = pair.low > 0 or pair.high < 0
    return shown if clear else f"{shown}: the interval includes 0, so no difference is shown"


def _on_compute(
    stages: Sequence[LoadedStage],
    comparisons: Sequence[StageComparison],
    stage: LoadedStage,
    task: str,
    strategy: str,
) -> str:
    """The strategy with the largest change from greedy in the stage, with Holm's correction for the
    selection.
    """
    family = [c for c in comparisons if c.kind == "strategies" and c.task == task]
    mine = [c for c in family if c.stage == stage.label and measured(stage, c.strategy, task)]
    best = max(mine, key=lambda c: c.difference, default=None)
    point = measured(stage, best.strategy, task) if best else None
    base = measured(stage, best.baseline, task) if best else None
    if best is None or point is None or base is None:
        return ""
    one_of = f"the best of {len(mine)} strategies compared with" if len(mine) > 1 else "measured against"
    return (
        f"Spending inference-time compute on {speaker(stage, stages)}: "
        f"{named(best.strategy, best.scorer)} with {counted(point.number('samples'))}, {one_of} "
        f"{best.baseline}, reaches {_accuracy(point)} for {_cost(point, base, best.baseline)} "
        f"({_verdict(best)})."
    )


def _on_gaps(stages: Sequence[LoadedStage]) -> str:
    """How many answers are not part of an accuracy, where most of them are, and why the first ones failed."""
    counts = [f for f in faults.count(stages) if f.failed or f.unscored or f.lost]
    failed, unscored, lost = (
        sum(getattr(f, name) for f in counts) for name in ("failed", "unscored", "lost")
    )
    worst = max(counts, key=lambda f: (f.failed, f.unscored, f.lost), default=None)
    if worst is None:
        return ""
    said = [f"{failed:,} failed"] if failed else []
    said += [f"{unscored:,} could not be checked"] if unscored else []
    where = f" (most with {worst.strategy})" if len(counts) > 1 else f" ({worst.strategy})"
    total = sum(len(stage.answers) for stage in stages)
    text = f"Of {total:,} answers {' and '.join(said)}{where}: they widen the intervals" if said else ""
    missing = f"{lost:,} samples could not be generated" if lost else ""
    why = next((e["error"] for e in faults.errors(stages)), "")
    return f"{'; '.join(filter(None, [text, missing]))}{f'; mostly: {why[:200]}' if why else ''}."


def _notes(stages: Sequence[LoadedStage]) -> list[str]:
    """The stages' own notes about their numbers, each once."""
    notes = dict.fromkeys(note for stage in stages for note in read_notes(stage.view.folder))
    return [f"{note[:1].upper()}{note[1:]}." for note in notes]


def _cost(point: PointRow, base: PointRow, name: str) -> str:
    axis = SHARED if SHARED.of(point) > 0 else TOKENS
    mine, theirs = axis.of(point), axis.of(base)
    what = "compute" if axis is SHARED else "tokens"
    times = f", {decimal(mine / theirs, 1)} times the {what} of {name}" if theirs > 0 and mine > 0 else ""
    return f"{quantity(mine, axis.unit)} per problem{times}"


def _verdict(best: StageComparison) -> str:
    change = interval(best.difference, best.low, best.high, 2, sign=True)
    p = probability(best.p_adjusted)
    p = (p if p.startswith("<") else f"= {p}").replace(" ", "\u00a0")
    gained = best.difference > 0 and best.low > 0 and best.p_adjusted < LEVEL
    honest = "" if gained else "; no gain is shown"
    return f"paired difference {change}, adjusted p\u00a0{p}{honest}"


def speaker(stage: LoadedStage, stages: Sequence[LoadedStage]) -> str:
    """The name of a stage in a sentence: its model if no other stage has that one, else stage and model."""
    models, mine = [s.view.model for s in stages], stage.view.model
    return mine if mine and models.count(mine) == 1 else stage_label(stage)


def _accuracy(point: PointRow) -> str:
    return interval(point.number("accuracy"), point.number("ci_low"), point.number("ci_high"), 2)


def _reference(stage: LoadedStage, task: str) -> str:
    """The label of the stage's greedy strategy, else of its first one that is not a ceiling, among those with
    an accuracy on the task; "" if there is none.
    """
    labels = {a.strategy: a.kind for a in stage.answers if not a.ceiling}
    kinds = {label: kind for label, kind in labels.items() if measured(stage, label, task)}
    return next((s for s, kind in kinds.items() if kind == "greedy"), next(iter(kinds), ""))


def measured(stage: LoadedStage, strategy: str, task: str) -> PointRow | None:
    """The measured point of a strategy's label, else that of one sample; it has an accuracy."""
    curve, n = next(((a.curve, a.n) for a in stage.answers if a.strategy == strategy), (strategy, 0))
    found = [
        p
        for p in stage.points
        if p.text["strategy"] == curve and p.task == task and p.numbers["accuracy"] is not None
    ]
    found.sort(key=lambda p: p.numbers["samples"] != n)
    return next((p for p in found if p.measured), next((p for p in found if p.numbers["samples"] == 1), None))
