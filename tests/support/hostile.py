r"""Answers a model could give to take over, or to hold up, whatever reads them.

`attacks` writes one piece of code in every way that Python, sympy or a format string would run, each in some
disguises (fullwidth letters, `\x28`, a class's `__class_getitem__`, comments, markers, NUL); `bombs` take for
ever or grow without bound; those of `huge` have up to ten million characters.
"""

from __future__ import annotations

from collections.abc import Iterator

U = "_\uff3f"
"""A name that begins with it is one with two underscores, for Python; for a search of the text it is not."""
WAYS = (
    "exec({code})",
    "[exec({code})]",
    "__import__('builtins').exec({code})",
    "[0 for {cls}.{u}class_getitem_\uff3f in [{u}builtins_\uff3f['exec']]] + [{cls}[{code}]]",
    "[0 for c in [{cls}] for c.{u}class_getitem_\uff3f in [{u}builtins_\uff3f['exec']]] + [{cls}[{code}]]",
    "eval(compile({code}, 'x', 'exec'))",
    "(lambda: exec({code}))()",
    "(x := exec)({code})",
    "[x := exec, x({code})]",
    "max([{code}], key=exec)",
    "sorted([{code}], key=exec)",
    "[*map(exec, [{code}])]",
    "{{**{{'a': exec({code})}}}}",
    "{{exec({code})}}",
    "1 if exec({code}) is None else 2",
    "not exec({code}) or [1, 2]",
    "[1, 2, 3][0 if exec({code}) else 1:]",
    'f"{{exec({code})}}"',
    '[f"{{exec({code})!r:>9}}"]',
    "print.__self__.exec({code})",
    "print.{u}self_\uff3f.exec({code})",
    "getattr(__builtins__, 'ex' + 'ec', exec)({code})",
    "\uff45\uff58\uff45\uff43({code})",
    "globals()['__builtins__']['exec']({code})",
    "[c for c in ().__class__.__base__.__subclasses__()[:1] if exec({code})]",
    "type('X', (), {{'__init__': lambda s: exec({code})}})()",
    "(1).__class__.__name__ + str(exec({code}))",
    "[[1, 2], [exec({code}), 3]]",
    "(exec({code}) for _ in [1]).__next__()",
    "Symbol(exec({code}))",
    "sympify({code!r})",
    "S({code!r}) + 24",
    "Integer(24) + 0*len([exec({code})])",
    "x.subs(x, exec({code}))",
    "lambdify(x, exec({code}))",
    "(x**2).__class__({code!r}, evaluate=exec({code}))",
    "Function({code!r})(exec({code}))",
    "24 + 0*exec.__call__({code})",
    "'{{0.__class__.__init__.__globals__}}'.format(exec({code}))",
    "$\\text{{exec({code})}}$ + \\operatorname{{exec}}({code})",
)


def attacks(code: str, cls: str = "SpiralMatrixConfig") -> Iterator[str]:
    """The code in every way and disguise; `cls` is a class that the evaluated text would find."""
    plain, coded = repr(code), '"' + "".join(f"\\x{ord(c):02x}" for c in code) + '"'
    for way in WAYS:
        text, hidden = (way.format(code=c, cls=cls, u=U) for c in (plain, coded))
        yield text
        yield f"Answer: {hidden}"
        yield f"\\boxed{{{hidden}}}"
        yield f"I think so.\n#### {text}  # [1, 2]"
        yield f"<answer>{hidden}\x00</answer>" if len(text) % 2 else f"<answer>\u200b{hidden}\ud800</answer>"


def bombs() -> Iterator[str]:
    """Short texts that take long, or are nested deeply, for some reader or other."""
    yield from ("9**9**9**9", "(((9**9)**9)**9)**9", "24+0*9**9**9", "x**9**9**9", "2**-9**9**9", "9.9**9e9")
    yield from (
        "99999999999!",
        "factorial(10**9)",
        "1e999999999",
        "1/1e-999999999",
        "1e-999999999",
        "0x" + "f" * 7000,
    )
    yield from ("9" * 8000, "-" * 8000 + "1", "1+" * 3999 + "1", "x**" * 2600 + "x", "1," * 4000, "1 " * 4000)
    yield from (f"{b * 3000}1{e * 3000}" for b, e in ("()", "[]", "{}"))
    yield from (
        "not " * 1900 + "1",
        "lambda:" * 1100 + "1",
        "~" * 8000 + "1",
        '{"a":' * 1500 + "1" + "}" * 1500,
    )
    yield from ("1_" * 3999 + "1", "٣" * 4000, "nan", "inf", "-inf", "1e400", "NaN, NaN", "Infinity", "0/0")
    yield from (
        "\\boxed{" * 1100,
        "answer " * 1100,
        "answer is " * 800,
        "\\frac{1}{" * 800,
        "$" * 8000,
        "#" * 8000,
    )
    yield from (
        "<answer>" * 1000,
        "\\(" * 4000,
        "*" * 8000,
        "`" * 8000,
        "(a" * 4000,
        "a b " * 2000,
        "." * 8000,
    )
    yield from ("1.1.1." * 1300, "1,234," * 1300, "5 - " * 2000, "1/2/" * 2000, "A=1," * 2000, "×2" * 4000)
    yield from ("UDLR" * 2000, "Move disk 1 from Peg 1 to Peg 2\n" * 250, '["fill A", "fill B"]' * 400)
    yield from (
        "\x00" * 4000,
        "\ud800" * 4000,
        "\u202e" * 4000,
        "é" * 8000,
        "İ" * 8000,
        "\u0301" * 8000,
        "\r" * 8000,
    )
    yield from (
        "{0.__class__}" * 600,
        "%s" * 4000,
        "{" * 8000,
        "is the of " * 800,
        "there is no " * 700,
        " " * 8000 + "1",
    )


def huge() -> Iterator[str]:
    """Texts of a hundred kilobytes and more, that punish what is slower than linear."""
    for piece in (
        "9",
        "a",
        " ",
        "1,",
        "answer: ",
        "\\boxed{",
        "(",
        "is ",
        "\n",
        "9.",
        "A. ",
        "I do not know. ",
        "é",
        "\u0301\u0323",
        "x10^",
    ):
        yield piece * (100_000 // len(piece))
    yield "9" * 10_000_000
    yield "no. " * 2_500_000
