"""Counts of failed, unscored and unparsed answers, which every report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.report.view import LoadedAnswer, LoadedStage
from lab.core.failures import reason_of

SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Faults:
    """Counts over the answers of one strategy in one stage.

    `failed`: there is no answer. `unscored`: the checker cannot judge it. Both are left out of the
    denominator and widen the interval. `unparsed`: no answer could be parsed. `cut`: candidates that reached
    the token limit, `lost`: those that could not be generated, of `candidates`.
    """

    stage: str
    strategy: str
    scorer: str
    answers: int
    failed: int
    unscored: int
    unparsed: int
    abstained: int
    candidates: int
    cut: int
    lost: int


def count(stages: Sequence[LoadedStage]) -> list[Faults]:
    """One `Faults` per stage and strategy, in order of appearance."""
    return [_count(stage.label, rows) for stage in stages for rows in stage.by_strategy().values()]


def _count(stage: str, rows: Sequence[LoadedAnswer]) -> Faults:
    return Faults(
        stage=stage,
        strategy=rows[0].strategy,
        scorer=rows[0].scorer,
        answers=len(rows),
        failed=sum(r.failed for r in rows),
        unscored=sum(r.correct is None and not r.failed for r in rows),
        unparsed=sum(r.value is None and not r.failed and not r.abstained for r in rows),
        abstained=sum(r.abstained for r in rows),
        candidates=sum(r.candidates for r in rows),
        cut=sum(r.cut for r in rows),
        lost=sum(r.lost for r in rows),
    )


def errors(stages: Sequence[LoadedStage]) -> list[dict[str, Any]]:
    """Distinct errors (the last line of a traceback) with how often and where, the most frequent first."""
    failed = ((stage.label, answer) for stage in stages for answer in stage.answers if answer.failed)
    seen = Counter((label, answer.strategy, reason_of(answer.error)[:500]) for label, answer in failed)
    ordered = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    return [{"stage": s, "strategy": w, "error": e, "count": n} for (s, w, e), n in ordered]


def as_data(stages: Sequence[LoadedStage]) -> dict[str, Any]:
    """For summary.json."""
    return {"counts": [asdict(f) for f in count(stages)], "errors": errors(stages)[:SHOWN_ERRORS]}
