"""Self-correction: what happened to right and wrong first answers after revision.

A correction is an answer whose trace lists drafts and revisions (eval/strategies/revision/rounds.py): the
first candidate is the first answer (t1), the strategy's answer is the final one (t2). A draft that failed in
the engine is not an answer: the next one is the first, because otherwise the failure would look like a
correction. Both are scored on the same problems, so everything is paired. Abstention is a separate state; if
the question has no answer it is right. Failed and unscored answers are left out and counted, and they widen
every interval. Rows that use the gold (oracle-gated) say so in `ceiling`. Kumar et al. 2024 (SCoRe) and Huang
et al. 2024 define the transitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from eval.analysis.inputs.answers import (
    STATES,
    AnswersByStrategy,
    CandidateAnswer,
    StrategyAnswer,
    by_task,
    mean,
)
from eval.analysis.self_knowledge.estimate import IntervalEstimate, known, rate, share
from lab.statistics.bounds import bounded_difference
from lab.statistics.means import holm

LOST = CandidateAnswer(None, 0.0, False)
"""The first answer of a thread in which nothing could be generated."""


@dataclass(frozen=True, slots=True)
class Round:
    """Accuracy of the threads' answers after `round` complete answers (1: the first).

    A thread that has ended keeps its last answer. `written`: the share of threads with an answer in this
    round.
    """

    round: int
    accuracy: IntervalEstimate
    written: float


@dataclass(frozen=True, slots=True)
class Correction:
    """One correcting method on one task, over the problems whose first and final answers are scored.

    `gained` (i->c) and `lost` (c->i) are fractions of all problems, `delta` = `final` - `first` = gained -
    lost, with Holm's p over the methods of the stage. `gained_of_wrong` = i->c / (1 - Acc@t1) and
    `lost_of_right` = c->i / Acc@t1 are None if there are none. Whatever is not right counts as incorrect
    there; `flow[before][after]` counts by STATES, which distinguishes abstentions from wrong answers.
    `edited`: the canonical answer changed. Costs are means per problem.
    """

    task: str
    stage: str
    strategy: str
    kind: str
    ceiling: bool
    problems: int
    failed: int
    first: IntervalEstimate
    final: IntervalEstimate
    delta: IntervalEstimate
    p: float | None
    p_holm: float | None
    gained: IntervalEstimate
    lost: IntervalEstimate
    gained_of_wrong: IntervalEstimate
    lost_of_right: IntervalEstimate
    edited: IntervalEstimate
    flow: tuple[tuple[int, ...], ...]
    rounds: tuple[Round, ...]
    tokens: float
    flops: float


def corrects(rows: Sequence[StrategyAnswer]) -> bool:
    """Whether these answers are corrections: some have a revision, or a draft that could have been
    revised.
    """
    return any("revision" in r.roles or ("draft" in r.roles and r.n > 1) for r in rows)


def first_of(reply: StrategyAnswer) -> CandidateAnswer:
    """The first answer of a thread that could be generated; a wrong one if there is none."""
    return next((d for d in reply.drafts if d.drawn), LOST)


def comparable(rows: Sequence[StrategyAnswer]) -> list[StrategyAnswer]:
    """The answers whose first and final verdicts are both known."""
    return [r for r in rows if r.scored and first_of(r).correct == first_of(r).correct]


def corrections_of(stage: str, replies: AnswersByStrategy, *, seed: int = 0) -> list[Correction]:
    """A row per task and correcting method; [] for a stage without any."""
    found: list[Correction] = []
    mine = {s: rows for s, rows in replies.items() if corrects(rows)}
    for task, methods in by_task(mine):
        rows = [(every, _delta(every, seed)) for every in methods.values() if comparable(every)]
        honest = iter(holm([d[1] for every, d in rows if not every[0].ceiling]))
        gold = iter(holm([d[1] for every, d in rows if every[0].ceiling]))
        for every, (delta, p) in rows:
            adjusted = next(gold if every[0].ceiling else honest)
            found.append(_row(task, stage, every, delta, (p, adjusted)))
    return found


def flow_of(rows: Sequence[StrategyAnswer]) -> tuple[tuple[int, ...], ...]:
    """(3, 3) counts of answers by their state before and after, in the order of STATES."""
    pairs = [(first_of(r).state, r.state) for r in rows]
    return tuple(tuple(pairs.count((before, after)) for after in STATES) for before in STATES)


def after_round(reply: StrategyAnswer, number: int) -> CandidateAnswer:
    """A thread's answer after its first `number` complete answers: the newest parsed one.

    If there is none, the newest one; if there is none, a failed one.
    """
    drawn = written(reply)[:number]
    return next((d for d in reversed(drawn) if d.value is not None), drawn[-1] if drawn else LOST)


def written(reply: StrategyAnswer) -> list[CandidateAnswer]:
    """The complete answers of a thread, in order, without those that failed in the engine."""
    return [d for d in reply.drafts if d.drawn]


def rounds_of(rows: Sequence[StrategyAnswer]) -> list[Round]:
    """Accuracy after each round, of the threads whose candidates are all scored; the others widen it."""
    scored = [r for r in rows if _whole(r)]
    clusters = [r.group for r in rows]
    return [
        Round(
            number,
            share([after_round(r, number).correct if _whole(r) else nan for r in rows], clusters),
            mean([float(len(written(r)) >= number) for r in scored]),
        )
        for number in range(1, max((len(written(r)) for r in scored), default=0) + 1)
    ]


def _whole(reply: StrategyAnswer) -> bool:
    """Whether it and all of its candidates are scored."""
    return reply.scored and all(d.correct == d.correct for d in reply.drafts)


def before_after(rows: Sequence[StrategyAnswer]) -> tuple[list[float], list[float]]:
    """Correctness of the first and of the final answers; NaN for both if one of them is unknown."""
    pairs = [(first_of(r).correct, r.correct) if comparable([r]) else (nan, nan) for r in rows]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _row(
    task: str, stage: str, every: Sequence[StrategyAnswer], delta: IntervalEstimate, p: tuple[float, float]
) -> Correction:
    rows, clusters = comparable(every), [r.group for r in every]
    before, after = before_after(every)
    pairs = list(zip(before, after, strict=True))
    edited = [
        nan if isnan(a) else float(first_of(r).value != r.value) for a, r in zip(before, every, strict=True)
    ]
    return Correction(
        task=task,
        stage=stage,
        strategy=rows[0].strategy,
        kind=rows[0].kind,
        ceiling=rows[0].ceiling,
        problems=len(rows),
        failed=sum(r.failed for r in every),
        first=share(before, clusters),
        final=share(after, clusters),
        delta=delta,
        p=known(p[0]),
        p_holm=known(p[1]),
        gained=share([nan if isnan(a) else float(a == 0 and b == 1) for a, b in pairs], clusters),
        lost=share([nan if isnan(a) else float(a == 1 and b == 0) for a, b in pairs], clusters),
        gained_of_wrong=rate(after, [1 - a for a in before], clusters),
        lost_of_right=rate([1 - b for b in after], before, clusters),
        edited=share(edited, clusters),
        flow=flow_of(rows),
        rounds=tuple(rounds_of(every)),
        tokens=mean([r.tokens for r in rows]),
        flops=mean([r.flops for r in rows]),
    )


def _delta(rows: Sequence[StrategyAnswer], seed: int) -> tuple[IntervalEstimate, float]:
    """(final minus first, its p), paired by problem."""
    d = bounded_difference(*before_after(rows), [r.group for r in rows], seed=seed)
    return IntervalEstimate(d.mean, d.low, d.high), d.p
