r"""Mathematics: `\frac{1}{2}`, "1/2" and "0.5" are equal, and so are x(x+1) and x^2+x.

math-verify parses and compares (sympy underneath). A model's text may make sympy run for ever, so
all of it happens in the sandbox's child, under one limit of processor time a text. math-verify evaluates
nothing but digits and operators; LaTeX goes through a grammar. The functions at the foot are the child's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import find_answer
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.sandbox import SANDBOX, SandboxError, SandboxTimeout


class Math(Component):
    """Right if math-verify finds the answer equal to the gold."""

    kind: Literal["math"] = "math"
    seconds: float = Field(default=5.0, gt=0, le=120)
    """CPU seconds allowed per text; an answer that takes longer is wrong, a gold that takes longer is
    unscored.
    """

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (expression, LaTeX, or a list); unscored if that cannot be parsed."""
        golds = [gold for gold in gold_texts(problem.gold) if _readable(gold, self.seconds)]
        if not golds:
            return Verdict(None, None, f"math-verify cannot parse the gold answer {str(problem.gold)[:60]!r}")
        try:
            value, right = self._call("judged", golds, text[-_LONGEST:])
        except SandboxTimeout as error:
            return Verdict(False, None, str(error))
        except SandboxError:
            return Verdict(False, None, "no expression could be parsed")
        if value is None:
            return Verdict(False, None, "no expression could be parsed")
        says = "equals" if right else "does not equal"
        return Verdict(bool(right), value, f"{value[:60]} {says} {golds[0][:60]}")

    def canonical(self, text: str) -> str | None:
        """sympy's writing of the expression, numbers as exact decimals or fractions; or None."""
        try:
            value = self._call("parsed", text[-_LONGEST:], False)
        except SandboxError:
            return None
        return None if value is None else str(value)

    def _call(self, function: str, *arguments: Any) -> Any:
        return SANDBOX.call(f"{__name__}:{function}", *arguments, seconds=self.seconds)


@lru_cache(maxsize=65536)
def _readable(gold: str, seconds: float) -> bool:
    """Whether math-verify can read a gold answer."""
    try:
        return SANDBOX.call(f"{__name__}:parsed", gold[:_LONGEST], True, seconds=seconds) is not None
    except SandboxError:
        return False


_LONGEST = 8000


def warm_up() -> None:
    """Loads sympy in the child before a call's time starts."""
    parsed("1/2", True)


def parsed(text: str, gold: bool) -> str | None:
    """The canonical form of the expression in a text; runs in the child."""
    found = _parse(text, gold)
    return _canonical(found[0]) if found else None


def judged(golds: list[str], text: str) -> tuple[str | None, bool]:
    """(canonical form of the text's expression, whether it equals a gold's); runs in the child."""
    from math_verify import verify

    found = _parse(text, False)
    if not found:
        return None, False
    value = _canonical(found[0])
    return value, any(verify(_parse(gold, True), found, timeout_seconds=None) for gold in golds)


def _parse(text: str, gold: bool) -> list[Any]:
    r"""math-verify's reading; a bare gold and an answer behind a marker are boxed, so that all is read."""
    from math_verify import parse

    def read(source: str) -> list[Any]:
        found: list[Any] = parse(source, parsing_timeout=None)
        return found if any(not isinstance(item, str) for item in found) else []

    if gold:
        return read(text) if "$" in text or "\\boxed" in text else read(f"\\boxed{{{text}}}") or read(text)
    place = find_answer(text, "auto")
    if place is not None and place.marked and "\\boxed" not in text:
        line = place.text.strip().splitlines()[0].strip().rstrip(".")
        return read(line) if "$" in line else read(f"\\boxed{{{line}}}") or read(text)
    return read(text)


def _canonical(expression: Any) -> str:
    from fractions import Fraction

    import sympy

    from lab.tasks.checkers.numeric import canonical_number

    if isinstance(expression, sympy.Expr):
        expression = sympy.simplify(expression.doit())
        if isinstance(expression, sympy.Float):
            return canonical_number(Fraction(str(float(expression))))
        if isinstance(expression, sympy.Rational):
            return canonical_number(Fraction(int(expression.p), int(expression.q)))
    return str(expression)
