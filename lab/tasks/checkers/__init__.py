"""Checkers decide whether a text is right; they are the only place that reads a gold answer.

One file per checker: a component with `check(problem, text) -> Verdict` and a gold-free
`canonical(text)` that strategies vote with. A text that cannot be parsed is wrong; a gold that
cannot be parsed makes the verdict unscored. A new checker is one file and one member here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import union_of
from lab.tasks.checkers.choice import Choice
from lab.tasks.checkers.closer import Closer
from lab.tasks.checkers.contains import Contains
from lab.tasks.checkers.evaluate_metric import EvaluateMetric
from lab.tasks.checkers.exact import Exact
from lab.tasks.checkers.math import Math
from lab.tasks.checkers.numeric import Numeric
from lab.tasks.checkers.regex import Regex
from lab.tasks.checkers.text import Text

if TYPE_CHECKING:
    CheckerConfig = Any
else:
    CheckerConfig = union_of(
        "lab.checkers", Numeric, Exact, Text, Choice, Contains, Math, Regex, Closer, EvaluateMetric
    )

__all__ = [
    "CheckerConfig",
    "Choice",
    "Closer",
    "Contains",
    "EvaluateMetric",
    "Exact",
    "Math",
    "Numeric",
    "Regex",
    "Text",
]
