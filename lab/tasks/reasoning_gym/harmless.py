"""Rewrites an answer so that it is safe to pass to a scorer that evaluates text as code.

Some of reasoning_gym's scorers call `eval` or sympy's `parse_expr` (which calls `eval`) on the answer. They
never get the answer itself. Python's parser, which runs nothing, makes a tree of it; the tree may contain
only numbers, operators and listed names; and the scorer gets a text made from the tree. An answer that does
not parse is refused. Sizes are bounded, so that no tree is a tower of powers. There are three kinds:

* `literal`: a list, tuple, set or mapping of texts and numbers, as `ast.literal_eval` reads it.
* `expression`: arithmetic over numbers, one-letter variables and well-known functions.
* `number`: one number or fraction, for scorers that write an exponent out digit by digit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from math import ceil
from types import MappingProxyType


def literal(answer: str) -> str | None:
    """The answer as a literal, written by `repr`; None if it is not a literal."""
    try:
        return repr(ast.literal_eval(answer.strip())) if len(answer) <= _LONGEST else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def expression(answer: str) -> str | None:
    """The answer as an arithmetic expression in Python's notation; None if it is not one."""
    text = " ".join(answer.split()).strip("'\"` ")
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        return _write(ast.parse(text, mode="eval").body, text, _DEEPEST)[0]
    except (_Refused, ValueError, OverflowError, SyntaxError, MemoryError, RecursionError):
        return None


def number(answer: str) -> str | None:
    """The answer as a number or fraction without thousands separators; None if it is neither."""
    text = answer.strip().replace(",", "")
    return text if _FRACTION.fullmatch(text) else None


class _Refused(Exception):
    """The tree contains something that is not allowed, or is too large."""


def _write(node: ast.expr, text: str, depth: int) -> tuple[str, int, int]:
    """(the node in Python's notation, its precedence, a bound on the digits or degree of its value)."""
    if depth <= 0:
        raise _Refused
    match node:
        case ast.Constant():
            return _constant(text[node.col_offset : node.end_col_offset])
        case ast.Name(id=name) if name == "pi" or (len(name) == 1 and name not in _SYMPY):
            return name, _ATOM, 1
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=inside):
            written, binds, size = _write(inside, text, depth - 1)
            return f"{_SIGNS[type(sign)]}{_bracketed(written, binds < _SIGN)}", _SIGN, size
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _joined(node, text, depth - 1)
        case ast.Call(func=ast.Name(id=name), args=[inside], keywords=[]) if name in _FUNCTIONS:
            written, _, size = _write(inside, text, depth - 1)
            return f"{name}({written})", _ATOM, size
    raise _Refused


def _constant(written: str) -> tuple[str, int, int]:
    found = _NUMBER.fullmatch(written)
    if found is None:
        raise _Refused
    return written, _ATOM, _bounded(len(written) + abs(int(found["exponent"] or 0)))


def _joined(node: ast.BinOp, text: str, depth: int) -> tuple[str, int, int]:
    """Two nodes and the operator between them. A sum has the larger of the two sizes, a product their sum."""
    sign, binds = _OPERATORS[type(node.op)]
    (left, left_binds, first), (right, right_binds, second) = (
        _write(side, text, depth) for side in (node.left, node.right)
    )
    if sign == "**":
        size, before, behind = first * _power(node.right), left_binds <= binds, right_binds < _SIGN
    else:
        size = max(first, second) if binds == _SUM else first + second
        before, behind = left_binds < binds, right_binds <= binds
    return f"{_bracketed(left, before)}{sign}{_bracketed(right, behind)}", binds, _bounded(size)


def _bracketed(written: str, needed: bool) -> str:
    return f"({written})" if needed else written


def _power(exponent: ast.expr) -> int:
    """The factor by which raising to this exponent multiplies a size."""
    if any(isinstance(node, (ast.Name, ast.Call)) for node in ast.walk(exponent)):
        return 2
    return max(1, ceil(abs(_value(exponent))))


def _value(node: ast.expr) -> float:
    """The value of an exponent without variables. Powers in exponents are refused."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=sign, operand=inside):
            return -_value(inside) if isinstance(sign, ast.USub) else _value(inside)
        case ast.BinOp(left=left, op=ast.Div(), right=right) if _value(right):
            return _value(left) / _value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
            return _value(left) + (_value(right) if isinstance(sign, ast.Add) else -_value(right))
    raise _Refused


def _bounded(size: int) -> int:
    if size > _LARGEST:
        raise _Refused
    return size


FEEDS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {"literal": literal, "expression": expression, "number": number}
)
"""Kind -> what makes of an answer the text that a scorer of that kind gets."""
_LONGEST, _DEEPEST, _LARGEST = 8000, 400, 400
_NUMBER = re.compile(
    r"(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE](?P<exponent>[-+]?\d{1,3}))?", re.ASCII
)
_FRACTION = re.compile(
    r"[-+]?(?:\d{1,400}(?:/\d{1,400}|(?:\.\d{0,400})?(?:[eE][-+]?\d{1,3})?)|\.\d{1,400}(?:[eE][-+]?\d{1,3})?)",
    re.ASCII,
)
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
"""How tightly Python's operators bind."""
_SIGNS: Mapping[type[ast.unaryop], str] = MappingProxyType({ast.UAdd: "+", ast.USub: "-"})
_OPERATORS: Mapping[type[ast.operator], tuple[str, int]] = MappingProxyType(
    {
        ast.Add: ("+", _SUM),
        ast.Sub: ("-", _SUM),
        ast.Mult: ("*", _PRODUCT),
        ast.Div: ("/", _PRODUCT),
        ast.Pow: ("**", _POWER),
    }
)
_SYMPY = frozenset("NOQS")
"""Single letters that are no symbols in sympy but functions and registers of its own."""
_FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "sinh", "cosh", "tanh"}
    | {"exp", "log", "ln", "sqrt", "Abs"}
)
