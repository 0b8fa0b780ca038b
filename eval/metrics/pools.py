"""The common code of metrics over a pool of samples: their inputs, and the mean over problems.

A row is one problem: `predictions` has the canonical answers of its n samples ("": unparsed), `references`
either the right answer, or one mark in [0, 1] per sample from your own checker. Answers are compared as
strings: canonicalise them first ("42." is not "42").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eval.estimators.pool import powers

Reference = str | Sequence[float]
"""The right answer, or whether each sample is right."""
INPUTS = """
Args:
    predictions: one list per problem with the canonical answers of its n samples; "" where nothing could be
        parsed.
    references: per problem the right answer, or a list with one mark in [0, 1] per sample.
"""
KS = "    k: a number or several; by default 1, 2, 4, ... and the size of the smallest pool."
K = int | Sequence[int] | None
"""The type of `compute(k=...)`."""


def features(**columns: str) -> Any:
    """The two accepted forms of the inputs; `columns` are further ones: name -> type of one sample's."""
    from datasets import Features, Sequence, Value

    more = {name: Sequence(Value(kind)) for name, kind in columns.items()}
    answers = {"predictions": Sequence(Value("string")), **more}
    marked = Features({**answers, "references": Sequence(Value("float64"))})
    return [marked, Features({**answers, "references": Value("string")})]


def answers(prediction: Sequence[str | None]) -> tuple[str | None, ...]:
    """A problem's canonical answers; "" is None."""
    return tuple(a or None for a in prediction)


def marks(prediction: Sequence[str | None], reference: Reference) -> tuple[float, ...]:
    """Whether each sample of a problem is right. Raises ValueError if the marks do not fit the samples."""
    if isinstance(reference, str):
        return tuple(float(a == reference) for a in answers(prediction))
    if len(reference) != len(prediction):
        raise ValueError(
            f"found {len(reference)} marks for {len(prediction)} samples; expected one mark per sample"
        )
    if wrong := [m for m in reference if not 0.0 <= m <= 1.0]:
        raise ValueError(f"a mark must be in [0, 1], found {wrong[0]}")
    return tuple(float(m) for m in reference)


def right(reference: Sequence[float]) -> int:
    """How many samples are right. Raises ValueError if a mark is neither 0 nor 1."""
    if wrong := [m for m in reference if m not in (0.0, 1.0)]:
        raise ValueError(f"expected 1 (right) or 0 (wrong) for a sample, found {wrong[0]}")
    return round(sum(reference))


def wanted(k: K, predictions: Sequence[Sequence[Any]]) -> list[int]:
    """The requested numbers of samples."""
    if k is None:
        smallest = min(map(len, predictions), default=0)
        return powers(smallest, include=True) if smallest else []
    return [k] if isinstance(k, int) else list(k)


def at_each(
    name: str, ks: Sequence[int], problems: int, value: Callable[[int, int], float]
) -> dict[str, float]:
    """`<name>_<k>` -> the mean over problems of `value(problem, k)`; NaN if it is undefined for one."""
    return {f"{name}_{k}": mean([value(i, k) for i in range(problems)]) for k in ks}


def mean(values: Sequence[float]) -> float:
    """The mean; NaN for no values."""
    return float(sum(values) / len(values)) if values else float("nan")
