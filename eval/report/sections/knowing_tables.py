"""Confidence, abstention and correction as tables: a column is a head and what it shows of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eval.analysis.inputs.answered import STATES
from eval.analysis.self_knowledge.confidence import RISKS, STATED, Selective
from eval.analysis.self_knowledge.correction import Correction
from eval.analysis.self_knowledge.equal_compute import EqualCompute
from eval.analysis.self_knowledge.estimate import IntervalEstimate
from eval.analysis.self_knowledge.hallucination import SCORED_AT, Hallucination
from eval.analysis.self_knowledge.knowing import Knowing
from eval.analysis.self_knowledge.refusals import Change
from eval.report.numbers import MISSING, decimal, probability, quantity
from eval.report.sections.studied_plots import Name, by_task
from eval.report.tables import Cell, Row, Table, spread

SECTION = "knowing"
Names = Callable[[str, str], Name]


@dataclass(frozen=True, slots=True)
class Column:
    """`show` makes the cell of a row; `words`: left-aligned text."""

    head: str
    show: Callable[[Any], Cell]
    words: bool = False


def tables_of(found: Knowing, name: Names) -> list[Table]:
    """Every table there are rows for, in the order of the page."""
    who = Column("method", lambda r: Cell(name(r.stage, r.strategy).label), True)
    makers = (_confidence, _differences, _hallucination, _refusals, _admissions, _phrasings)
    tables = [table for maker in makers for table in maker(found, who, name)]
    return [*tables, *_corrections(found, who), *_equal_compute(found, who)]


def _table(id: str, title: str, note: str, rows: Sequence[Any], columns: Sequence[Column]) -> Iterator[Table]:
    """The table, where there are rows; ceilings are grey."""
    ordered = [row for group in by_task(rows).values() for row in group]
    full = (Column("task", lambda r: Cell(r.task), True), *columns)
    shown = tuple(Row(r.task, tuple(c.show(r) for c in full), getattr(r, "ceiling", False)) for r in ordered)
    numeric = frozenset(c.head for c in full if not c.words)
    if shown:
        yield Table(id, SECTION, title, note, tuple(c.head for c in full), numeric, shown)


def cell(e: IntervalEstimate, *, sign: bool = False) -> Cell:
    """A value with its interval; a dash where undefined."""
    return spread(e.value, e.low, e.high, sign=sign)


def _spread(head: str, of: Callable[[Any], IntervalEstimate], *, sign: bool = False) -> Column:
    return Column(f"{head} [95 % CI]", lambda r: cell(of(r), sign=sign))


def _number(head: str, of: Callable[[Any], float | None], digits: int = 3) -> Column:
    return Column(head, lambda r: Cell(decimal(of(r), digits), of(r)))


def _whole(head: str, of: Callable[[Any], int]) -> Column:
    return Column(head, lambda r: Cell(f"{of(r):,}", of(r)))


def _words(head: str, of: Callable[[Any], str]) -> Column:
    return Column(head, lambda r: Cell(of(r)), True)


def _p(of: Callable[[Any], float | None]) -> Column:
    return Column("adjusted p", lambda r: Cell(probability(of(r)), of(r)))


TOKENS = Column("tokens", lambda r: Cell(quantity(r.tokens), r.tokens))
FLOPS = Column("FLOPs", lambda r: Cell(quantity(r.flops), r.flops))
BAND = Column("band", lambda r: Cell(r.band or "all"), True)


def _kept(coverage: float) -> Callable[[Selective], IntervalEstimate]:
    return lambda r: next(k.accuracy for k in r.curve if abs(k.coverage - coverage) < 1e-9)


def _at_risk(number: int) -> Callable[[Selective], IntervalEstimate]:
    return lambda r: r.coverage_at[number]


def _confidence(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Over the answers with a confidence; abstentions and failures are not answers. "
        "AUROC: chance that a right answer has the higher confidence. AURC: error rate "
        "averaged over coverages, lower is better; E-AURC: AURC minus that of the best "
        "ordering. PRR: 1 is the best ordering, 0 is chance. ECE: over 10 bins of equal "
        "size, next to what a calibrated model would get by chance; dashes where the "
        "confidence is not a probability."
    )
    columns = (
        BAND,
        who,
        _whole("answers", lambda r: r.answers),
        _whole("abstained", lambda r: r.abstained),
        _whole("no confidence", lambda r: r.without),
        _spread("accuracy", lambda r: r.accuracy),
        _spread("AUROC", lambda r: r.auroc),
        _spread("AURC", lambda r: r.aurc),
        _spread("E-AURC", lambda r: r.e_aurc),
        _spread("PRR", lambda r: r.prr),
        _spread("ECE", lambda r: r.ece),
        _number("ECE by chance", lambda r: r.ece_by_chance),
        _whole("bins", lambda r: r.bins),
        _spread("Brier", lambda r: r.brier),
        *(_spread(f"accuracy at coverage {c:g}", _kept(c)) for c in STATED[:-1]),
        *(_spread(f"coverage at risk {x:g}", _at_risk(i)) for i, x in enumerate(RISKS)),
        TOKENS,
        FLOPS,
    )
    return _table(
        "confidence", "Does the confidence tell right from wrong answers?", note, found.selective, columns
    )


def _differences(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Method minus the other, paired on the answers that both gave: bootstrap over "
        "problems (or clusters); 0 is outside of an interval just where p < 0.05. p-values with "
        "Holm's correction over the pairs of a task "
        "and metric. For AURC, a difference below 0 is better."
    )
    columns = (
        _words("metric", lambda r: {"auroc": "AUROC", "aurc": "AURC", "prr": "PRR"}[r.metric]),
        who,
        _words("against", lambda r: name(r.stage, r.reference).label),
        _whole("answers", lambda r: r.answers),
        _spread("difference", lambda r: IntervalEstimate(r.difference, r.low, r.high), sign=True),
        _p(lambda r: r.p_holm),
    )
    rows = found.selective_differences
    return _table("confidence-differences", "Which confidence is better?", note, rows, columns)


def _scored(number: int) -> Callable[[Hallucination], float | None]:
    return lambda r: r.scores[number]


def _hallucination(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Hallucination: a wrong answer, or any answer to a problem that has none, as a share "
        "of all problems. Precision, recall and F1 of abstaining: positives are the problems "
        "without an answer. Withheld: on problems that have an answer, whether the first "
        "answer was right or wrong where the method then abstained. Score at t: right 1, "
        "wrong −t / (1 − t), abstained 0."
    )
    columns = (
        BAND,
        who,
        _whole("problems", lambda r: r.problems),
        _whole("answerable", lambda r: r.answerable),
        _spread("hallucination", lambda r: r.hallucination),
        _spread("abstention", lambda r: r.abstention),
        _spread("accuracy", lambda r: r.accuracy),
        _spread("accuracy on answerable", lambda r: r.accuracy_answerable),
        _spread("accuracy when it answers", lambda r: r.accuracy_answered),
        _spread("precision", lambda r: r.detection.precision),
        _spread("recall", lambda r: r.detection.recall),
        _spread("F1", lambda r: r.detection.f1),
        _spread("withheld: precision", lambda r: r.unknown.precision),
        _spread("withheld: recall", lambda r: r.unknown.recall),
        *(_number(f"score at {t:g}", _scored(i)) for i, t in enumerate(SCORED_AT)),
        TOKENS,
        FLOPS,
    )
    return _table("hallucination", "Hallucination and abstention", note, found.hallucinations, columns)


def _change(of: Callable[[Any], Change | None]) -> Callable[[Any], IntervalEstimate]:
    def read(row: Any) -> IntervalEstimate:
        change = of(row)
        return (
            IntervalEstimate()
            if change is None
            else IntervalEstimate(change.difference, change.low, change.high)
        )

    return read


def _refusals(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Method minus its base, on the problems that both have checked answers to. Kept: of "
        "the base's right answers, the share still right, so that always abstaining cannot "
        "look good. Refused: abstentions where the base gave an answer; precision: the share "
        "of these where that answer was wrong. p-values with Holm's correction over the rows "
        "of a task."
    )
    columns = (
        who,
        _words("against", lambda r: name(r.base_stage, r.base_strategy).label),
        _whole("problems", lambda r: r.problems),
        _spread("hallucination", _change(lambda r: r.hallucination), sign=True),
        _p(lambda r: r.hallucination.p_holm),
        _spread("accuracy on answerable", _change(lambda r: r.accuracy), sign=True),
        Column("its adjusted p", lambda r: Cell(probability(r.accuracy and r.accuracy.p_holm))),
        _whole("base right", lambda r: r.base_right),
        _spread("kept", lambda r: r.kept),
        _spread("refused: precision", lambda r: r.refused.precision),
        _spread("refused: recall", lambda r: r.refused.recall),
    )
    return _table("refusals", "What abstaining gains and loses", note, found.refusals, columns)


def _admissions(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Problems that have no answer: invented names and false premises. Admitted: share "
        "of them on which the method abstains."
    )
    columns = (
        who,
        _words("family", lambda r: r.family or "all"),
        _whole("problems", lambda r: r.problems),
        _spread("admitted", lambda r: r.admitted),
    )
    return _table(
        "admissions", "Does the method abstain when there is no answer?", note, found.admissions, columns
    )


def _phrasings(found: Knowing, who: Column, name: Names) -> Iterator[Table]:
    note = (
        "Facts that are asked in several ways. Same: two phrasings get the same canonical "
        "answer. ICC: the share of the variance of the confidence that lies between facts. "
        "Intervals are over facts."
    )
    columns = (
        who,
        _whole("facts", lambda r: r.facts),
        _whole("problems", lambda r: r.problems),
        _spread("same answer", lambda r: r.same),
        _spread("all the same", lambda r: r.all_same),
        _spread("confidence: ICC", lambda r: r.icc),
        _spread("sd within a fact", lambda r: r.within),
        _spread("sd between facts", lambda r: r.between),
    )
    return _table(
        "phrasings", "Do answer and confidence depend on the phrasing?", note, found.phrasings, columns
    )


def _corrections(found: Knowing, who: Column) -> Iterator[Table]:
    note = (
        "t1: the first answer, t2: the final one. Delta = i→c − c→i, paired on the same "
        "problems; p-values with Holm's correction over the methods of a stage and task. "
        "Methods that use the gold are grey: they are upper limits, not results."
    )
    columns = (
        who,
        _whole("problems", lambda r: r.problems),
        _whole("failed", lambda r: r.failed),
        _spread("Acc@t1", lambda r: r.first),
        _spread("Acc@t2", lambda r: r.final),
        _spread("delta", lambda r: r.delta, sign=True),
        _p(lambda r: r.p_holm),
        _spread("i→c", lambda r: r.gained),
        _spread("c→i", lambda r: r.lost),
        _spread("i→c of the wrong", lambda r: r.gained_of_wrong),
        _spread("c→i of the right", lambda r: r.lost_of_right),
        _spread("edited", lambda r: r.edited),
        TOKENS,
        FLOPS,
    )
    yield from _table("corrections", "What revising changed", note, found.corrections, columns)
    flow = tuple(
        _whole(f"{a} → {b}", _counted(i, j)) for i, a in enumerate(STATES) for j, b in enumerate(STATES)
    )
    note = "Answers by their state before and after. Where a problem has no answer, an abstention is right."
    yield from _table(
        "correction-flow", "What happened to first answers", note, found.corrections, (who, *flow)
    )


def _counted(before: int, after: int) -> Callable[[Correction], int]:
    return lambda r: r.flow[before][after]


def _equal_compute(found: Knowing, who: Column) -> Iterator[Table]:
    note = (
        "The baseline at the mean cost per problem of the correction: a mixture of the two numbers of "
        "samples whose costs are next to it. A baseline of a single sample is used as it is. "
        "Difference: accuracy of the correction minus that of the baseline, paired by "
        "problem; p-values with Holm's correction over the methods of a task, baseline and "
        "unit. Nothing is extrapolated."
    )
    columns = (
        who,
        _words("baseline", lambda r: r.baseline),
        _words("equal in", lambda r: "FLOPs" if r.unit == "flops_shared" else r.unit),
        _whole("problems", lambda r: r.problems),
        Column("cost", lambda r: Cell(quantity(r.cost), r.cost)),
        Column("baseline's cost", lambda r: Cell(quantity(r.baseline_cost), r.baseline_cost)),
        Column("baseline's samples", _mixed),
        _number("accuracy", lambda r: r.accuracy),
        _number("baseline's accuracy", lambda r: r.baseline_accuracy),
        _spread("difference", lambda r: IntervalEstimate(r.difference, r.low, r.high), sign=True),
        _p(lambda r: r.p_holm),
        _words("note", lambda r: r.missing),
    )
    yield from _table(
        "equal-compute",
        "Revising against more samples at equal compute",
        note,
        found.equal_compute,
        columns,
    )


def _mixed(row: EqualCompute) -> Cell:
    """`2 or 4 (20 %)`: the two numbers of samples, and how often the larger."""
    if row.n_low is None or row.weight is None:
        return Cell(MISSING)
    if row.n_low == row.n_high or row.weight in (0, 1):
        n = row.n_high if row.weight == 1 else row.n_low
        return Cell(str(n), n)
    return Cell(f"{row.n_low} or {row.n_high} ({100 * row.weight:.0f} %)", row.n_low)
