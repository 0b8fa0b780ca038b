r"""Mathematics: `\frac{1}{2}`, "1/2" and "0.5" are equal, and so are x(x+1) and x^2+x.

math-verify parses and compares (sympy underneath). A model's text may make sympy run for ever, so
all of it happens in the sandbox's child under a hard time limit. The functions at the foot are the
child's side.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lab.core.component import Component
from lab.core.types import Problem, Verdict
from lab.tasks.checkers.extract import find_answer
from lab.tasks.checkers.gold import gold_texts
from lab.tasks.checkers.sandbox import SANDBOX, SandboxError


class Math(Component):
    """Right if math-verify finds the answer equal to the gold."""

    kind: Literal["math"] = "math"
    seconds: float = Field(default=5.0, gt=0, le=120)
    """Time limit of one comparison; a slower answer is wrong, a slower gold unscored."""

    def check(self, problem: Problem, text: str) -> Verdict:
        """Compares with `problem.gold` (expression, LaTeX, or a list); unscored if that cannot be parsed."""
        value = self.canonical(text)
        golds = [gold for gold in gold_texts(problem.gold) if self._call("parsed", gold, True) is not None]
        if not golds:
            return Verdict(None, value, f"math-verify cannot read the gold answer {str(problem.gold)[:60]!r}")
        if value is None:
            return Verdict(False, None, "no expression that can be read")
        right = any(self._call("equal", gold, text[-_LONGEST:]) for gold in golds)
        return Verdict(
            right, value, f"{value[:60]} {'equals' if right else 'does not equal'} {golds[0][:60]}"
        )

    def canonical(self, text: str) -> str | None:
        """sympy's writing of the expression, numbers as exact decimals or fractions; or None."""
        value = self._call("parsed", text[-_LONGEST:], False)
        return None if value is None else str(value)

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            return SANDBOX.call(f"{__name__}:{function}", *arguments, seconds=self.seconds)
        except SandboxError:
            return None


_LONGEST = 8000


def warm_up() -> None:
    """Loads sympy in the child before a call's time starts."""
    parsed("1/2", True)


def parsed(text: str, gold: bool) -> str | None:
    """The canonical form of the expression in a text; runs in the child."""
    found = _parse(text, gold)
    return _canonical(found[0]) if found else None


def equal(gold: str, text: str) -> bool:
    """Whether math-verify takes the text's expression for the gold's; runs in the child."""
    from math_verify import verify

    return bool(verify(_parse(gold, True), _parse(text, False), timeout_seconds=None))


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
