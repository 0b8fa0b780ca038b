"""`lab compare`: paired differences of accuracy on shared problems, with the compute of both sides.

Two runs (or stages) are compared strategy by strategy; within one run, every strategy with the one named
`--against`. One run with several evaluate stages compares the later ones with the first. Accuracies and
differences are computed by eval/compare.py; costs come from each stage's points.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

from lab.errors import InputError, nearest
from lab.formats.answers import read_answers
from lab.formats.points import read_points
from lab.run.folders.answer_readers import readers_of
from lab.run.folders.views import Finished
from lab.run.history.runs import evaluations, told_apart

StagePair = tuple[str, str]
"""(strategy of A, strategy of B)."""
COSTS = ("completion_tokens", "flops_shared", "seconds")


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One paired comparison: B minus A. Costs are per problem, means over the stage's problems. `readers_a`,
    `readers_b`: the versions of the answer readers.
    """

    task: str
    a: str
    b: str
    strategy_a: str
    strategy_b: str
    problems: int
    accuracy_a: float
    accuracy_b: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    completion_tokens_a: float | None
    completion_tokens_b: float | None
    flops_shared_a: float | None
    flops_shared_b: float | None
    seconds_a: float | None
    seconds_b: float | None
    readers_a: str
    readers_b: str


def comparisons(
    a: str, b: str | None, runs: Path, *, against: str | None = None, strategies: Sequence[str] = ()
) -> list[ComparisonRow]:
    """Every requested comparison. Raises InputError if a name is unknown or nothing is shared.

    `strategies` selects some by label or kind; `against` is the strategy of A with which each is compared
    (None: with itself). Ceilings are left out unless selected, because they are not results.
    """
    sides = _with_strategy(list(_sides(a, b, runs, against)), against)
    if not sides:
        raise InputError(
            "an evaluate stage cannot be compared with itself: name a second run or stage, "
            "or a strategy with --against",
            where=f"argument '{a}'",
        )
    named = _labels([s for side in sides for s in side])
    rows = [row for side in sides for row in _rows(*side, named, against, strategies)]
    if not rows:
        raise InputError("no strategy has answers to the same problems on both sides", where=f"{a}, {b or a}")
    return rows


def _with_strategy(
    sides: list[tuple[Finished, Finished]], against: str | None
) -> list[tuple[Finished, Finished]]:
    """The sides whose A has the strategy `against`; all if none has it, so that the first one reports it."""
    if against is None or len(sides) < 2:
        return sides

    def has(stage: Finished) -> bool:
        return any(against in (label, row.kind) for label, row in _contestants(stage).items())

    return [pair for pair in sides if has(pair[0])] or sides


def _sides(a: str, b: str | None, runs: Path, against: str | None) -> Iterator[tuple[Finished, Finished]]:
    """The pairs of stages: by name, or the only ones; within one run each with itself, or with the first."""
    left = evaluations(a, runs)
    if b is None:
        yield from [(s, s) for s in left] if against else [(left[0], s) for s in left[1:]]
        return
    right = evaluations(b, runs)
    if len(left) == len(right) == 1:
        yield left[0], right[0]
        return
    names = {s.name: s for s in right}
    shared = [(s, names[s.name]) for s in left if s.name in names]
    if not shared:
        raise InputError(
            "the two runs have no evaluate stage with the same name "
            f"({', '.join(s.name for s in left)}; {', '.join(names)}). Name the stages to "
            "compare as run/stage",
            where=f"{a}, {b}",
        )
    yield from shared


def _labels(stages: Sequence[Finished]) -> dict[Path, str]:
    """Folder -> unique display name: the stage's name, with its run if necessary."""
    from eval.report.view import StageView, labels

    different = told_apart(list({s.folder: s for s in stages}.values()))
    views = [StageView(s.name, "", s.run, s.folder) for s in different]
    return {v.folder: label for v, label in zip(views, labels(views), strict=True)}


def _rows(
    a: Finished, b: Finished, named: dict[Path, str], against: str | None, picked: Sequence[str]
) -> Iterator[ComparisonRow]:
    """The comparisons of two stages."""
    from eval.compare import compare

    _check_problems(a, b)
    of_a, of_b = _contestants(a), _contestants(b)
    pairs = _pairs(of_a, of_b, against, picked)
    pairs = [p for p in pairs if a.folder != b.folder or p[0] != p[1]]
    costs_a, costs_b = _costs(a.folder), _costs(b.folder)
    for found in compare(a.folder, b.folder, pairs):
        mine = costs_a.get((found.task, *_point(of_a[found.strategy_a])), {})
        theirs = costs_b.get((found.task, *_point(of_b[found.strategy_b])), {})
        said: dict[str, Any] = {k: v for k, v in asdict(found).items() if k in ComparisonRow.__slots__}
        said |= {f"{c}_a": mine.get(c) for c in COSTS} | {f"{c}_b": theirs.get(c) for c in COSTS}
        said |= {"readers_a": readers_of(a.manifest), "readers_b": readers_of(b.manifest)}
        yield ComparisonRow(a=named[a.folder], b=named[b.folder], **said)


def _check_problems(a: Finished, b: Finished) -> None:
    """Raises InputError if a problem id has two golds: tasks with the same name, but other options.

    Other prompts for the same problems may be compared.
    """
    mine, theirs = _golds(a.folder), _golds(b.folder)
    for (task, problem), gold in mine.items():
        if theirs.get((task, problem), gold) != gold:
            raise InputError(
                f"task '{task}' differs between the two sides: the answer to {problem} is "
                f"{gold:.40} in {a.folder.name} and {theirs[task, problem]:.40} in "
                f"{b.folder.name}"
            )


@dataclass(frozen=True, slots=True)
class _Gold:
    """The columns for a problem's gold."""

    task: str
    problem_id: str
    gold: str


@dataclass(frozen=True, slots=True)
class _Contestant:
    """The columns for an answer's strategy."""

    strategy: str
    kind: str
    ceiling: bool
    n: int


def _golds(folder: Path) -> dict[StagePair, str]:
    """(task, problem id) -> gold."""
    return {(row.task, row.problem_id): row.gold for row in read_answers(folder, _Gold)}


def _pairs(
    a: dict[str, _Contestant], b: dict[str, _Contestant], against: str | None, picked: Sequence[str]
) -> list[StagePair]:
    """Which strategy of A is compared with which of B."""
    base = _label(against, a, "--against") if against is not None else None
    wanted = [_label(p, b, "--strategy") for p in picked] or [k for k, row in b.items() if not row.ceiling]
    if base is not None:
        return [(base, w) for w in wanted]
    return [(w if w in a or not picked else _label(w, a, "--strategy"), w) for w in wanted]


def _label(text: str, known: dict[str, _Contestant], where: str) -> str:
    """The selected strategy: its label, or its kind if only one has it. Raises InputError with the nearest
    name.
    """
    of_kind = [label for label, row in known.items() if row.kind == text]
    if text in known or len(of_kind) == 1:
        return text if text in known else of_kind[0]
    which = (
        f"{len(of_kind)} strategies are of kind '{text}'; give the full label."
        if of_kind
        else f"there is no strategy '{text}'."
    )
    raise InputError(which + nearest(text, of_kind or known), where=where)


def _contestants(stage: Finished) -> dict[str, _Contestant]:
    """Strategy label -> its label, kind, n and whether it uses the gold, in order of appearance."""
    found: dict[str, _Contestant] = {}
    for row in read_answers(stage.folder, _Contestant):
        found.setdefault(row.strategy, row)
    return found


def _point(row: _Contestant) -> tuple[str, int]:
    """The (curve, n) of a strategy's point: label@n is on the curve "label"; `sample` is one sample."""
    return (row.strategy, 1) if row.kind == "sample" else (row.strategy.removesuffix(f"@{row.n}"), row.n)


def _costs(folder: Path) -> dict[tuple[str, str, int], dict[str, float]]:
    """(task, curve, samples) -> costs per problem of each point; the measured one if there are two."""
    rows = sorted(read_points(folder), key=lambda r: r.origin == "measured")
    return {
        (r.task, r.strategy, r.samples): {c: cost for c in COSTS if not isnan(cost := getattr(r, c))}
        for r in rows
    }
