r"""Checks mathematics with math-verify: `\frac{1}{2}`, "1/2" and "0.5" are equal, and so are x(x+1) and
x^2+x.

lab/language/numbers/expressions.py extracts the expression and removes units; math-verify parses and compares
it, using sympy. A model's text can make sympy run for ever, so parsing and comparing happen in the sandbox
process, with one limit of CPU time per text, and expressions that clearly grow without bound are refused
before. math-verify evaluates nothing but digits and operators; LaTeX is parsed by a grammar. The functions at
the end of this file run in the sandbox process.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from lab.core.types import Problem, Verdict
from lab.language.echo import heard
from lab.language.extraction.markers import points_at_answer
from lab.language.numbers.expressions import expression, gold_expression, too_large
from lab.tasks.checkers.base import CheckerComponent
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.sandbox import SANDBOX, SandboxError, SandboxTimeout

UNPARSED = "no expression could be parsed"


class Math(CheckerComponent):
    """Right if math-verify finds the answer equal to the gold."""

    kind: Literal["math"] = "math"
    seconds: float = Field(default=5.0, gt=0, le=120)
    """CPU seconds allowed per text; an answer that takes longer is wrong, a gold that takes longer is
    unscored.
    """

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (an expression, LaTeX, or a list). Unscored if the gold cannot be
        parsed.
        """
        golds = [
            gold for gold in map(gold_expression, gold_texts(problem.gold)) if _value(gold, self.seconds)[0]
        ]
        if not golds:
            return Verdict(None, None, f"math-verify cannot parse the gold answer {str(problem.gold)[:60]!r}")
        said = expression(heard(problem, text))
        if said is None:
            return Verdict(False, None, UNPARSED)
        value, why = _value(said, self.seconds)
        if value is None:
            return Verdict(False, None, why)
        right = _equal(said, tuple(golds), self.seconds)
        says = "equals" if right else "does not equal"
        return Verdict(right, value, f"{value[:60]} {says} {golds[0][:60]}")

    def canonical(self, text: str) -> str | None:
        """The expression as sympy writes it, with numbers as exact decimals or fractions; None if there is
        none.
        """
        said = expression(text)
        return None if said is None else _value(said, self.seconds)[0]

    def canonical_for(self, problem: Problem, text: str) -> str | None:
        """As `canonical`, without a repetition of the question in the text."""
        return self.canonical(heard(problem, text))

    def points_at_answer(self, text: str) -> bool:
        """Whether an explicit marker holds the answer; only then does a text that was cut off have one."""
        return points_at_answer(text)


@lru_cache(maxsize=65536)
def _value(written: str, seconds: float) -> tuple[str | None, str]:
    """(canonical form of an expression or None, the reason if None)."""
    if too_large(written):
        return None, f"too large: no result within {seconds:g} s of CPU time"
    if not written:
        return None, UNPARSED
    try:
        value = SANDBOX.call(f"{__name__}:parsed", written, seconds=seconds)
    except SandboxTimeout as error:
        return None, str(error)
    except SandboxError:
        return None, UNPARSED
    return (None if value is None else str(value)), UNPARSED


@lru_cache(maxsize=65536)
def _equal(written: str, golds: tuple[str, ...], seconds: float) -> bool:
    """Whether an expression equals one of the golds. False if the comparison takes too long."""
    try:
        return bool(SANDBOX.call(f"{__name__}:equal", written, golds, seconds=seconds))
    except SandboxError:
        return False


def warm_up() -> None:
    """Loads sympy in the sandbox process before the time of a call starts."""
    parsed("1/2")


def parsed(written: str) -> str | None:
    """The canonical form of an expression. Runs in the sandbox process."""
    found = _parse(written)
    return _canonical(found[0]) if found else None


def equal(written: str, golds: list[str]) -> bool:
    """Whether math-verify finds the expression equal to one of the golds. Runs in the sandbox process."""
    from math_verify import verify

    found = _parse(written)
    return any(verify(_parse(gold), found, timeout_seconds=None) for gold in golds)


def _parse(written: str) -> list[Any]:
    """math-verify's parse of the whole expression, which is boxed so that no other is extracted; [] if there
    is none.
    """
    from math_verify import parse

    boxed = written if "\\boxed" in written else f"\\boxed{{{written}}}"
    found: list[Any] = parse(boxed, parsing_timeout=None)
    return found if any(not isinstance(item, str) for item in found) else []


def _canonical(expression: Any) -> str:
    from fractions import Fraction

    import sympy

    from lab.language.numbers.numerals import canonical_number

    if isinstance(expression, sympy.Expr):
        expression = sympy.simplify(expression.doit())
        if isinstance(expression, sympy.Float):
            return canonical_number(Fraction(str(float(expression))))
        if isinstance(expression, sympy.Rational):
            return canonical_number(Fraction(int(expression.p), int(expression.q)))
    return str(expression)
