r"""Rewrites digits of all scripts, ½, 10⁶ and LaTeX as plain ASCII arithmetic ("plain writing").

`\frac{-3}{4}` and `\frac12` become "(-3)/(4)" and "(1)/(2)", `2\frac{1}{2}` becomes "2 (1)/(2)", `3 \times
10^{8}` becomes "3 * 10^(8)", and `\sqrt{16}` becomes "sqrt(16)". Whatever has no such form (`\pi`,
`\overline`) stays a word, and no number is read together with it. Nothing is evaluated here.
"""

from __future__ import annotations

import re
import unicodedata

from lab.language.numbers.chinese import in_digits

THIN = "\u2009"
"""The one thin space that parts thousands: narrow, fixed and figure spaces all become it."""


def plain(text: str) -> str:
    """The text in plain writing. Linear in its length."""
    if not text.isascii():
        text = _scripts(text)
    text = _TIED.sub(THIN, text)
    return _latex(text) if "\\" in text or "$" in text or "{" in text else text


def _scripts(text: str) -> str:
    """Digits, fractions, superscripts and signs of any script as ASCII."""
    text = _SUPERSCRIPTS.sub(lambda m: "^" + m.group().translate(_RAISED), text)
    text = _VULGAR.sub(lambda m: " " + unicodedata.normalize("NFKC", m.group()).replace("⁄", "/"), text)
    text = in_digits(text.translate(_SIGNS))
    return _FOREIGN.sub(lambda m: str(unicodedata.decimal(m.group())), text)


def _latex(text: str) -> str:
    """LaTeX as plain writing."""
    text = _THOUSANDS.sub(",", text)
    for there, instead in _SYMBOLS:
        text = text.replace(there, instead)
    text = _SPACES.sub(THIN, text)
    text = _TEXT.sub(r"\1", text)
    text = _FRACTION.sub(r" (\g<a>\g<c>)/(\g<b>\g<d>)", text)
    text = _ROOT.sub(r" sqrt(\g<a>\g<b>)", text)
    text = _POWER.sub(r"^(\1)", text)
    return _DOLLARS.sub(r"\g<before> \g<inside> ", text)


_SUPERSCRIPTS = re.compile("(?<=[0-9])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_VULGAR = re.compile("[¼½¾⅐-⅞↉]")
_FOREIGN = re.compile(r"(?![0-9])\d")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−﹣－‒–", "-"),
        "＋": "+",
        "×": "*",
        "⋅": "*",
        "·": "*",
        "÷": "/",
        "⁄": "/",
        "∕": "/",
        "／": "/",
        "＝": "=",
        "√": " sqrt ",
        "π": " pi ",
        "∞": " infinity ",
        "％": "%",
        "٪": "%",
        "＄": "$",
        "٫": ".",
        "．": ".",
        "٬": ",",
        "，": "，",
        "：": ":",
        "（": "(",
        "）": ")",
        **dict.fromkeys("\u00a0\u202f\u2007\u2008\u2006\u2005\u2004", THIN),
        **dict.fromkeys("’‘´`", "'"),
    }
)
_SYMBOLS = (
    ("\\$", "¤"),
    ("\\%", "%"),
    ("\\#", "#"),
    ("\\times", " * "),
    ("\\cdot", " * "),
    ("\\div", " / "),
    ("\\pi", " pi "),
    ("\\infty", " infinity "),
    ("\\pm", " ± "),
    ("\\approx", " ≈ "),
    ("\\leq", " ≤ "),
    ("\\geq", " ≥ "),
    ("\\le", " ≤ "),
    ("\\ge", " ≥ "),
    ("\\lt", " < "),
    ("\\gt", " > "),
    ("\\implies", " → "),
    ("\\Rightarrow", " → "),
    ("\\rightarrow", " → "),
    ("\\therefore", " ∴ "),
    ("\\displaystyle", ""),
    ("\\ldots", "…"),
    ("\\dots", "…"),
    ("^\\circ", "°"),
    ("^{\\circ}", "°"),
    ("\\left", ""),
    ("\\right", ""),
    ("\\[", " "),
    ("\\]", " "),
    ("\\(", " "),
    ("\\)", " "),
)
_THOUSANDS = re.compile(r"(?<=\d)\{,\}(?=\d)")
_TIED = re.compile(r"(?<=\d)~(?=\d{3}(?!\d))", re.ASCII)
_SPACES = re.compile(r"\\[,;:! ]|\\q?quad\b|~")
_TEXT = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|operatorname)\s{0,2}\{([^{}]{0,200})\}"
)
_FRACTION = re.compile(
    r"\\[dtc]?frac\s{0,2}(?:\{\s{0,3}(?P<a>[-+]?[\d.,]{1,400})\s{0,3}\}|(?P<c>\d))"
    r"\s{0,2}(?:\{\s{0,3}(?P<b>[-+]?[\d.,]{1,400})\s{0,3}\}|(?P<d>\d))"
)
_ROOT = re.compile(r"\\sqrt\s{0,2}(?:\{\s{0,3}(?P<a>[\d.]{1,40})\s{0,3}\}|(?P<b>\d))")
_POWER = re.compile(r"\^\s{0,2}\{\s{0,3}([-+]?\d{1,6})\s{0,3}\}")
_DOLLARS = re.compile(r"(?P<before>^|[^\w$])\$\$?(?P<inside>[^$\n]{1,400}?)\$\$?(?![\w$])")
"""`$...$` around mathematics; a lone dollar sign is a currency."""
