"""The answers of a finished evaluate stage, one light row each: the answer, its confidence, and its rounds.

All analyses of self-knowledge read these rows. The pool of `sample` is left out, because it is not an answer.
Unscored answers are included, with a NaN correctness.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

from eval.analysis.inputs.outcomes import EvaluatedStage
from lab.formats.answers import read_answers
from lab.formats.points import POOLED
from lab.language.abstention.reading import ABSTAINED

STATES = ("right", "wrong", "abstained")


@dataclass(frozen=True, slots=True)
class CandidateAnswer:
    """A candidate: `correct` is 1, 0 or NaN; `drawn`: whether there is a text."""

    value: str | None
    correct: float
    drawn: bool

    @property
    def state(self) -> str:
        """One of STATES; an abstention that is the right answer is right."""
        return state(self.correct, abstained=self.value == ABSTAINED)


@dataclass(frozen=True, slots=True)
class StrategyAnswer:
    """One strategy's answer to one problem.

    `correct`: 1, 0, NaN (unmeasured). `confidence`: NaN without; `probability`: whether it is a probability.
    `tokens`: prompt and generated. `roles`: the role of each text of a thread's rounds, else ().
    """

    task: str
    problem: str
    cluster: str
    strategy: str
    curve: str
    kind: str
    scorer: str
    n: int
    ceiling: bool
    value: str | None
    correct: float
    failed: bool
    confidence: float
    probability: bool
    abstained: bool
    answerable: bool
    tokens: float
    flops: float
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)
    roles: tuple[str, ...] = ()
    drafts: tuple[CandidateAnswer, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """(task, problem id)."""
        return self.task, self.problem

    @property
    def group(self) -> tuple[str, str]:
        """(task, cluster): the cluster of dependent answers."""
        return self.task, self.cluster

    @property
    def scored(self) -> bool:
        """Whether it is known to be right or wrong."""
        return self.correct == self.correct

    @property
    def answered(self) -> bool:
        """Whether it is an answer: not an abstention, not a failed plan, and not a text without an answer
        (empty, cut before its answer, unparsed). An unscored one may be an answer.
        """
        said = self.value is not None or self.correct != 0
        return said and not self.abstained and not self.failed

    @property
    def state(self) -> str:
        """One of STATES; an abstention that is the right answer is right."""
        return state(self.correct, abstained=self.abstained)


AnswersByStrategy = dict[str, list[StrategyAnswer]]
"""Strategy label -> its answers."""


def state(correct: float, *, abstained: bool) -> str:
    """Right, abstained without being right, or wrong."""
    return "right" if correct == 1 else "abstained" if abstained else "wrong"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What is read of a candidate."""

    value: str | None
    correct: bool | None
    finish_reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """The columns of an answer that are read; those with a default may be absent from an older file."""

    task: str
    problem_id: str
    cluster: str
    strategy: str
    curve: str
    kind: str
    scorer: str
    n: int
    value: str | None
    correct: bool | None
    failed: bool
    candidates: list[_Candidate]
    ceiling: bool = False
    confidence: float | None = None
    abstained: bool = False
    answerable: bool | None = None
    meta: str = ""
    trace: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    flops_shared: float | None = None


def read_strategy_answers(stage: EvaluatedStage) -> AnswersByStrategy:
    """Every strategy's answers except those of `sample`, in file order. Raises InputError if the file is
    missing.

    Equal texts, drafts and metas are one object, so that memory does not grow with repetitions.
    """
    found: AnswersByStrategy = {}
    known: dict[Any, Any] = {}
    metas: dict[str, Mapping[str, Any]] = {}
    for row in read_answers(stage.folder, _Answer):
        if row.kind != "sample":
            found.setdefault(row.strategy, []).append(_reply(row, known, metas))
    return found


def by_task(replies: AnswersByStrategy) -> Iterator[tuple[str, AnswersByStrategy]]:
    """Every task's answers, then all of them pooled if there are several tasks.

    Only strategies that answered every task are pooled.
    """
    tasks = list(dict.fromkeys(r.task for rows in replies.values() for r in rows))
    for task in tasks:
        mine = {s: [r for r in rows if r.task == task] for s, rows in replies.items()}
        yield task, {s: rows for s, rows in mine.items() if rows}
    if len(tasks) > 1:
        whole = {s: rows for s, rows in replies.items() if {r.task for r in rows} == set(tasks)}
        yield POOLED, whole


def bands_of(rows: Iterable[StrategyAnswer]) -> list[str]:
    """The bands of the problems, in order of appearance."""
    return list(dict.fromkeys(str(r.meta["band"]) for r in rows if "band" in r.meta))


def shared(
    a: Sequence[StrategyAnswer], b: Sequence[StrategyAnswer]
) -> list[tuple[StrategyAnswer, StrategyAnswer]]:
    """Both answers to every problem that both have, in the order of `a`."""
    other = {r.key: r for r in b}
    return [(r, other[r.key]) for r in a if r.key in other]


def mean(values: Sequence[float]) -> float:
    """The mean, NaN of nothing."""
    return float(sum(values) / len(values)) if values else nan


def _reply(row: _Answer, known: dict[Any, Any], metas: dict[str, Mapping[str, Any]]) -> StrategyAnswer:
    trace = json.loads(row.trace or "{}")
    rounds = trace.get("rounds", ())
    meta = row.meta or "{}"
    if meta not in metas:
        metas[meta] = json.loads(meta)

    def one(value: Any) -> Any:
        return known.setdefault(value, value)

    return StrategyAnswer(
        task=one(row.task),
        problem=one(row.problem_id),
        cluster=one(row.cluster or row.problem_id),
        strategy=one(row.strategy),
        curve=one(row.curve),
        kind=one(row.kind),
        scorer=one(row.scorer or ""),
        n=row.n or 1,
        ceiling=bool(row.ceiling) or row.scorer == "oracle",
        value=one(row.value),
        correct=nan if row.failed else one(_number(row.correct)),
        failed=bool(row.failed),
        confidence=_number(row.confidence),
        probability=trace.get("probability") is not False,
        abstained=bool(row.abstained),
        answerable=row.answerable is not False,
        tokens=float((row.prompt_tokens or 0) + (row.completion_tokens or 0)),
        flops=_number(row.flops_shared),
        meta=metas[meta],
        roles=one(tuple(str(said.get("role", "")) for said in rounds if isinstance(said, Mapping))),
        drafts=one(tuple(one(_draft(c)) for c in row.candidates)),
    )


def _draft(candidate: _Candidate) -> CandidateAnswer:
    drawn = candidate.finish_reason in ("stop", "length")
    return CandidateAnswer(candidate.value, _number(candidate.correct), drawn)


def _number(value: float | bool | None) -> float:
    return nan if value is None else float(value)
