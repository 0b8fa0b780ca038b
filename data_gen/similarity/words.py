"""Normalisation for comparing texts: what looks or means the same becomes equal, other differences are kept.

`words` are the units of overlap and near-duplicates: letters with their marks (किताब), numbers (3.5),
operators (+, ÷, ≤). In scripts without spaces between words (Chinese, Japanese, Thai, ...) every character
with its marks is a word, and so is every emoji. `folded` undoes what hides a copy: case, Unicode forms (full
width, ligatures, composed or not), invisible characters, letters of other alphabets that look Latin. It keeps
what plain NFKC loses: 2⁵ is "2^5" and not 25, 3½ is "3 1/2", x₁ is "x_1".
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from lab.language.unicode import normal_form

_OPERATORS = r"[-+*/^%=<>&|~]|[!#](?<=\d!|[a-z]#)"
_ASCII = re.compile(rf"\w+(?:[.,]\d+)*|{_OPERATORS}")
_LATIN_WORD = re.compile(rf"{_ASCII.pattern}|[±¬]|[¦§¨©®°¶]+")
"""For texts without what `_BEYOND_LATIN` finds: marks, other scripts, symbols (other than punctuation)."""
_BEYOND_LATIN = re.compile("[\u0300-\u1fff\u2070-\u209f\u20d0-\U0010ffff]")


def words(text: str) -> list[str]:
    """Words, numbers and operators in order, in lower case; other punctuation is dropped, unless there is
    nothing else: then each mark is a word.
    """
    plain = folded(text)
    pattern = _ASCII if plain.isascii() else _any_script() if _BEYOND_LATIN.search(plain) else _LATIN_WORD
    found: list[str] = pattern.findall(plain)
    return found or list("".join(plain.split()))


def normalised(text: str) -> str:
    """Text for the comparison of duplicates: folded, runs of white space as one space, ends stripped."""
    return " ".join(folded(text).split())


def folded(text: str) -> str:
    """Lower case, in one Unicode form, without invisible characters."""
    if text.isascii() or (text := _TYPESET.sub(_typed, text)).isascii():
        return text.lower()
    if _UNSEEN.search(text):
        text = _visible().sub("", text)
    text = normal_form("NFKC", _RAISED.sub(_apart, text))
    text = _latin(_SIGNS.sub(_sign, _MINUS.sub("-", text))).casefold().replace("i\u0307", "i")
    return text if unicodedata.is_normalized("NFKC", text) else normal_form("NFKC", text)


def _typed(found: re.Match[str]) -> str:
    return _TYPED[found[0]]


def _sign(found: re.Match[str]) -> str:
    return _PLAIN.get(found[0]) or str(unicodedata.decimal(found[0]))


def _apart(found: re.Match[str]) -> str:
    """Superscripts as ^2, subscripts as _2, a fraction as 1/2, with a space next to letters or digits."""
    written, character = normal_form("NFKC", found[0]), unicodedata.name(found[0][0], "")
    sign = "^" if "SUPERSCRIPT" in character else "_" if "SUBSCRIPT" in character else ""
    before = "" if sign or not found.string[: found.start()][-1:].isalnum() else " "
    return f"{before}{sign}{written}{' ' if found.string[found.end() : found.end() + 1].isalnum() else ''}"


def _latin(text: str) -> str:
    """Replaces Cyrillic and Greek letters that look Latin by Latin ones, in words that also have Latin
    letters; and Cyrillic ones in other words if no word of the text must be Cyrillic.
    """
    if not _LOOKALIKE.search(text):
        return text
    latin = _LATIN.search(text) and not any(w.translate(_NOTHING) for w in _CYRILLIC.findall(text))
    text = _LETTERS.sub(lambda w: w[0].translate(_LOOKALIKES) if _LATIN.search(w[0]) else w[0], text)
    return _CYRILLIC.sub(lambda w: w[0].translate(_LOOKALIKES), text) if latin else text


@cache
def _any_script() -> Any:
    import regex

    alone = "".join(rf"\p{{Script={script}}}" for script in UNSPACED) + "ー々〆〻"
    emoji = r"\p{Extended_Pictographic}\p{Emoji_Modifier}?"
    return regex.compile(
        rf"(?V1)[\w--[{alone}]]+(?:[.,]\d+)*|[{alone}]\p{{M}}*+|{_OPERATORS}|\p{{Sm}}"
        rf"|🏴[\U000E0020-\U000E007F]++|\p{{RI}}\p{{RI}}|{emoji}(?:\u200d{emoji})*+|[\p{{So}}]++"
        r"|[\U000E0100-\U000E01EF]{2,}"
    )


@cache
def _visible() -> Any:
    """Invisible characters, except those that join emoji, distinguish flags, or carry a message."""
    import regex

    return regex.compile(
        r"(?V1)🏴[\U000E0020-\U000E007F]+(*SKIP)(*FAIL)|[\U000E0100-\U000E01EF]{2,}(*SKIP)(*FAIL)"
        r"|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(*SKIP)(*FAIL)|\p{DI}"
    )


UNSPACED = (
    *("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar"),
    *("Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet", "Javanese", "Balinese"),
)
"""Scripts without spaces between words."""
_TYPED = {**dict.fromkeys("‘’‚‛", "'"), **dict.fromkeys("“”„‟", '"'), "…": "...", "\xa0": " "}
_TYPESET = re.compile(f"[{''.join(_TYPED)}]")
"""Typographic forms of characters on a keyboard: most English texts are ASCII except for these."""
_PLAIN = {**dict.fromkeys("×∗⋅∙", "*"), **dict.fromkeys("÷∕⁄", "/"), "−": "-", "٫": "."}
_SIGNS = re.compile(rf"[{''.join(_PLAIN)}]|(?![0-9])\d")
"""Operators, and the digits of other scripts."""
_UNSEEN = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point, for a fast test whether a text has any."""
_MINUS = re.compile(r"[‐‑‒–](?=\d)(?<!\w.)")
_RAISED = re.compile(r"[²³¹\u2070-\u207f]+|[\u2080-\u209c]+|[¼-¾\u2150-\u215e\u2189]")
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԌԚԜѴҮӀаеѕіјорсухһԁԛԝѵүӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορυϲϳ",
    "ABESIJKMHOPCTYXGQWVYIaesijopcyxhdqwvylABEZHIKMNOPTYXayikvopucj",
)
"""Cyrillic and Greek letters, and the Latin ones they look like (from Unicode's confusables.txt)."""
_LOOKALIKE = re.compile(f"[{''.join(map(chr, _LOOKALIKES))}]")
_NOTHING = dict.fromkeys(_LOOKALIKES)
_LATIN = re.compile(r"[A-Za-z]")
_LETTERS = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[\u0400-\u052f]+")
