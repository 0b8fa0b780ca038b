"""Checkers decide whether a text is right; only they read a gold answer.

Each checker is a component with `check(problem, text) -> Verdict` and `canonical(text)`, which does not see
the gold and which strategies use for votes. A text that cannot be parsed is wrong; a gold that cannot be
parsed makes the verdict unscored. To add one: a file, and a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import Registry, union_of

REGISTRY = Registry(
    "lab.checkers",
    __name__,
    numeric="Numeric",
    exact="Exact",
    text="Text",
    choice="Choice",
    contains="Contains",
    math="Math",
    regex="Regex",
    closer="Closer",
    evaluate="evaluate_metric:EvaluateMetric",
)

if TYPE_CHECKING:
    CheckerConfig = Any
else:
    CheckerConfig = union_of(REGISTRY)


def __getattr__(name: str) -> Any:
    """A member's class, imported when it is first asked for."""
    return REGISTRY.exported(name)
