"""The losses and gains of abstaining against a reference: another stage's answers, or another method's.

Always abstaining ends every hallucination, so a lower rate is reported with the accuracy on answerable
problems and the share of the reference's right answers that is kept. Everything is paired on the problems
that both have scored; problems that only one has scored, or none, widen the intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.analysis.inputs.answers import AnswersByStrategy, StrategyAnswer, by_task, shared
from eval.analysis.self_knowledge.estimate import IntervalEstimate, known, rate
from eval.analysis.self_knowledge.hallucination import Detection, abstains, detection, hallucinates
from lab.statistics.bootstrap import RESAMPLES
from lab.statistics.bounds import bounded_difference
from lab.statistics.means import Difference, holm

AnswersAndBase = tuple[str, Sequence[StrategyAnswer], str, Sequence[StrategyAnswer]]
"""Stage and answers, base stage and base answers."""


@dataclass(frozen=True, slots=True)
class Change:
    """A paired difference with its 95 % interval; Holm's p is over the rows of one task and question."""

    difference: float
    low: float
    high: float
    p: float
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class RefusalComparison:
    """`strategy` of `stage` against `base_strategy` of `base_stage`, on the `problems` that both have scored.

    `kept`: of the answerable problems that the base has right (`base_right` of them), those that are still
    right. `refused`: abstentions on answerable problems that the base answered; positives are those that it
    has wrong. `accuracy` is on the answerable problems, None if there are none.
    """

    task: str
    stage: str
    strategy: str
    base_stage: str
    base_strategy: str
    problems: int
    hallucination: Change
    accuracy: Change | None
    base_right: int
    kept: IntervalEstimate
    refused: Detection


def refusal_comparisons(
    pairs: Sequence[AnswersAndBase],
    task: str,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[RefusalComparison]:
    """A row per (stage, answers, base stage, base answers) of one task; Holm's p over all of them."""
    found: list[_Tested] = []
    for stage, mine, base_stage, base in pairs:
        both = shared(base, mine)
        if scored := sum(a.scored and b.scored for a, b in both):
            head = (task, stage, mine[0].strategy, base_stage, base[0].strategy, scored)
            found.append(_tested(head, both, seed, resamples))
    rates = holm([t.rate.p for t in found])
    rights = iter(holm([t.right.p for t in found if t.right]))
    return [
        RefusalComparison(
            *t.head,
            _adjusted(t.rate, p),
            _adjusted(t.right, next(rights)) if t.right else None,
            t.base_right,
            t.kept,
            t.refused,
        )
        for t, p in zip(found, rates, strict=True)
    ]


def comparisons_of(
    stages: Sequence[tuple[str, AnswersByStrategy]], *, seed: int = 0, resamples: int = RESAMPLES
) -> list[RefusalComparison]:
    """Every method of a stage against its greedy (else its first) one, and of later stages against the first.

    Ceilings are never compared, nor methods with the same answers as their stage's base that only add a
    confidence. Holm's p over all rows of a task.
    """
    tasks: dict[str, list[AnswersAndBase]] = {}
    first = dict(by_task(stages[0][1])) if stages else {}
    for number, (stage, replies) in enumerate(stages):
        for task, methods in by_task(replies):
            honest = {s: rows for s, rows in methods.items() if not rows[0].ceiling}
            base = next((s for s, rows in honest.items() if rows[0].kind == "greedy"), next(iter(honest), ""))
            pairs = tasks.setdefault(task, [])
            own = [rows for s, rows in honest.items() if s != base and not _same(rows, honest[base])]
            pairs += [(stage, rows, stage, honest[base]) for rows in own]
            if number:
                before = first.get(task, {})
                pairs += [(stage, rows, stages[0][0], before[s]) for s, rows in honest.items() if s in before]
    return [
        row
        for task, pairs in tasks.items()
        for row in refusal_comparisons(pairs, task, seed=seed, resamples=resamples)
    ]


def _same(mine: Sequence[StrategyAnswer], base: Sequence[StrategyAnswer]) -> bool:
    """Whether two methods gave the same answers to all problems."""
    said = [{(r.key, r.value, str(r.correct), r.abstained, r.failed) for r in rows} for rows in (mine, base)]
    return said[0] == said[1]


@dataclass(frozen=True, slots=True)
class _Tested:
    """A row before Holm's correction."""

    head: tuple[str, str, str, str, str, int]
    rate: Difference
    right: Difference | None
    base_right: int
    kept: IntervalEstimate
    refused: Detection


def _tested(
    head: tuple[str, str, str, str, str, int],
    both: Sequence[tuple[StrategyAnswer, StrategyAnswer]],
    seed: int,
    resamples: int,
) -> _Tested:
    sensible = [(a, b) for a, b in both if a.answerable]
    accuracy = _change(sensible, lambda r: r.correct, seed)
    before, after = [a.correct for a, _ in sensible], [b.correct for _, b in sensible]
    return _Tested(
        head,
        _change(both, hallucinates, seed),
        accuracy if accuracy.n else None,
        sum(a.scored and b.scored and a.correct == 1 for a, b in sensible),
        rate(after, before, [a.group for a, _ in sensible]),
        _refused(sensible, seed, resamples),
    )


def _refused(
    sensible: Sequence[tuple[StrategyAnswer, StrategyAnswer]], seed: int, resamples: int
) -> Detection:
    """Were the base's answers that are now withheld the wrong ones?"""
    given = [(a, b) for a, b in sensible if abstains(a) != 1]
    said = [abstains(b) for _, b in given]
    wrong = [1 - a.correct for a, _ in given]
    return detection(said, wrong, [a.group for a, _ in given], seed, resamples)


def _change(
    both: Sequence[tuple[StrategyAnswer, StrategyAnswer]], of: Callable[[StrategyAnswer], float], seed: int
) -> Difference:
    before, after = [of(a) for a, _ in both], [of(b) for _, b in both]
    return bounded_difference(before, after, [a.group for a, _ in both], seed=seed)


def _adjusted(d: Difference, p_holm: float) -> Change:
    return Change(d.mean, d.low, d.high, d.p, known(p_holm))
