"""Sorts the operands of arithmetic in a text, so that problems that differ only in their order become equal.

"19 + 6" and "6 + 19" are one problem; "19 - 6" and "6 - 19" are two. A sum is treated as a set of signed
terms, a product as a set of factors and divisors (8 / 2 / 4 is 8 / 4 / 2). Powers, shifts and comparisons
keep their order. Nothing is computed.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

_NUMBER = r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)"
_SIGN = r"[-+−(\s]*"
_OPERATOR = r"\s*(?:\*\*|\^|<<|>>|[-+−–*/×÷·•⋅∗∕⁄])\s*"
_EXPRESSION = re.compile(rf"{_SIGN}{_NUMBER}\s*\)*(?:{_OPERATOR}{_SIGN}{_NUMBER}\s*\)*)+")
"""Numbers joined by operators, as they stand in a text."""
_DATE = re.compile(r"\d+([-/–])\d+\1\d+|\d{4}[-–]\d\d?")
"""A date, a telephone number, a range of years: written without white space, and no arithmetic."""
_PYTHON = str.maketrans(
    {**dict.fromkeys("−–", "-"), **dict.fromkeys("×·•⋅∗", "*"), **dict.fromkeys("÷∕⁄", "/")}
)
_TERMS = {ast.Add: "+", ast.Sub: "-"}
_FACTORS = {ast.Mult: "*", ast.Div: "/"}
_ALIKE = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
_FLIPPED = {"+": "-", "-": "+"}


def in_order(text: str, mark: str = "{}") -> str:
    """The text with the operands of every numeric expression sorted, each formatted by `mark`."""
    return _EXPRESSION.sub(lambda found: _expression(found[0], mark), text)


def _expression(found: str, mark: str) -> str:
    """Formats one expression. Surrounding white space stays, and so do brackets that the rest of the text
    opens or closes.
    """
    if _DATE.fullmatch(found.strip()):
        return found
    start, end = len(found) - len(found.lstrip()), len(found.rstrip())
    own = found[start:end]
    while own.count("(") > own.count(")") and own.startswith("("):
        start, own = start + 1, own[1:]
    while own.count(")") > own.count("(") and own.endswith(")"):
        end, own = end - 1, own[:-1].rstrip()
    written = ordered(own.replace("^", "**"))
    return found if written is None else f"{found[:start]}{mark.format(written)}{found[end:]}"


def ordered(expression: str) -> str | None:
    """The expression with its operands sorted; None if it is not an expression in Python's notation (or with
    × and ÷).

    If it has exactly one variable, the variable is renamed to x.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(expression.strip().translate(_PYTHON), mode="eval").body
        return _written(_named(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _named(tree: ast.expr) -> ast.expr:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    if len({name.id for name in names}) == 1:
        for name in names:
            name.id = "x"
    return tree


def _written(node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return _joined(_signed(node, "+"), "+")
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            return _joined(_divided(node, "*"), "*")
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor() as op):
            return _joined(((_ALIKE[type(op)], part) for part in _alike(node, type(op))), _ALIKE[type(op)])
        case _:
            return _in_place(node)


def _in_place(node: ast.expr) -> str:
    """Nodes that keep their order: powers, shifts, calls, names and numbers."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_written(left)} {type(op).__name__} {_written(right)})"
        case ast.UnaryOp(op=op, operand=operand):
            return f"({type(op).__name__} {_written(operand)})"
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(map(_written, args))})"
        case ast.Name(id=name):
            return name
        case ast.Constant(value=int() | float() as value):
            return repr(value)
    raise ValueError("no arithmetic")


def _joined(parts: Iterator[tuple[str, str]], first: str) -> str:
    """The parts sorted, those after the first operator before the others: "(3 + 6 - 2)"."""
    found = sorted(parts, key=lambda part: (part[0] != first, len(part[1]), part[1]))
    text = " ".join(f"{operator} {part}" for operator, part in found)
    return f"({text.removeprefix(f'{first} ')})"


def _signed(node: ast.expr, sign: str) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            yield from _signed(left, sign)
            yield from _signed(right, sign if isinstance(op, ast.Add) else _FLIPPED[sign])
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            yield from _signed(operand, sign if isinstance(op, ast.UAdd) else _FLIPPED[sign])
        case _:
            yield sign, _written(node)


def _divided(node: ast.expr, operator: str) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            yield from _divided(left, operator)
            yield from _divided(right, operator)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            yield from _divided(left, operator)
            yield from _divided(right, "/" if operator == "*" else "*")
        case _:
            yield operator, _written(node)


def _alike(node: ast.expr, kind: type[ast.operator]) -> Iterator[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, kind):
        yield from _alike(node.left, kind)
        yield from _alike(node.right, kind)
    else:
        yield _written(node)


def renamed(text: str, pattern: re.Pattern[str]) -> str:
    """The text with the matches of the pattern replaced by numbers in order of appearance, so that texts
    equal up to renaming become equal.
    """
    names: dict[str, str] = {}
    return pattern.sub(lambda found: names.setdefault(found[0], f"#{len(names)}"), text)
