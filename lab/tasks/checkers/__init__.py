"""Checkers decide whether a text is right. Only they read the gold answer.

Each checker is a component with `check(problem, text) -> Verdict` and `canonical(text)`, which does not see
the gold and is used for votes. A text that cannot be parsed is wrong; a gold answer that cannot be parsed
makes the verdict unscored. To add a checker, write a file and add it to the list here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from lab.tasks.checkers.base import CheckerComponent

    CheckerConfig = CheckerComponent

REGISTRY = Registry(
    "lab.checkers",
    __name__,
    "CheckerConfig",
    "base:CheckerComponent",
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
__getattr__ = REGISTRY.exported
