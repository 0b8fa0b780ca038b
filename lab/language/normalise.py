"""Normalises text for comparison: texts with the same meaning become equal, others stay different.

Case, accents on Latin and Greek letters, hyphens, apostrophes, stops, articles and white space are ignored.
What changes the meaning is kept: decimal points and signs (3.5, -5), C++ and C#, currencies, emoji, and the
marks of other scripts (はし is not ばし, мой is not мои, น้ำ is not นำ).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from lab.language.unicode import normal_form

SHORT = 100
SPECIAL = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ё": "е"}
"""Letters that are no accented ones, and how they are written without."""


def normalise(text: str) -> str:
    """The words of the text, joined by single spaces; "" if none is left. "D.C." gives "dc", "10,000" gives
    "10000".
    """
    return _kept(text) if len(text) <= SHORT else _normalised(text)


@lru_cache(maxsize=65536)
def _kept(text: str) -> str:
    """Cached for short texts, which are names that are compared again and again."""
    return _normalised(text)


def _normalised(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return " ".join(_without_articles(text.split()))
    if not text.isascii():
        text = _INVISIBLE.sub("", text).translate(_WIDE)
    text = _INITIALS.sub("", _NUMBERS.sub("", _APOSTROPHES.sub("", text))).replace("&", " and ")
    words = _without_articles(_PARTING.sub(" ", _AROUND.sub(" ", text)).split())
    return " ".join(filter(None, map(_word, words))) or _symbols(text)


def _word(word: str) -> str:
    """One word in lower case, without accents and without the stops in it or at its end."""
    word = _STOPS.sub("", word)
    folded = word.casefold()
    if not folded.isascii():
        folded = _unaccented(folded).translate(_LETTERS)
    return folded


def _unaccented(text: str) -> str:
    """Removes the accents of Latin and Greek letters. Marks of other scripts belong to their letters and
    stay.
    """
    kept: list[str] = []
    latin = False
    for character in normal_form("NFD", text):
        if unicodedata.combining(character):
            if not latin:
                kept.append(character)
        else:
            latin = _LATIN.match(character) is not None
            kept.append(character)
    return normal_form("NFC", "".join(kept))


def _without_articles(words: list[str]) -> list[str]:
    """Removes "a", "an" and "the", except as the last word or as a capital "A" in a name ("Vitamin A")."""
    kept = [
        word
        for at, word in enumerate(words)
        if word.lower() not in ARTICLES
        or at == len(words) - 1
        or (word == "A" and at)
        or not words[at + 1][0].isalnum()
    ]
    return kept


def _symbols(text: str) -> str:
    """The text if it consists of symbols only ("+" gives "+"); "" for stops, quotes and white space."""
    return "".join(c for c in text if not c.isspace() and c not in _NOTHING)


ARTICLES = ("the", "an", "a")
_NOTHING = ".,;:!?\"'`*_…。！？、“”‘’«»()[]{}–—"
_PLAIN = re.compile(r"[a-z0-9 ]*")
"""Nothing to take out: most of a large table of names is so."""
_LETTERS = str.maketrans(SPECIAL)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff]")
_INVISIBLE = re.compile("[\u200b-\u200c\u200e\u200f\u2060\ufeff\u00ad\ufe0e\ufe0f\u202a-\u202e]")
_WIDE = str.maketrans(
    {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
    | dict.fromkeys("−‐‑‒–", "-")
    | {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl", "٫": "."}
    | dict.fromkeys("\u00a0\u202f\u2009\u3000", " ")
    | {chr(0x2080 + i): str(i) for i in range(10)}
)
_APOSTROPHES = re.compile(r"[’'‘`ʻʼ´]")
_NUMBERS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_INITIALS = re.compile(r"(?<=\b[A-Z]\.)\s(?=[A-Z]\.(?!\w{2}))")
"""Between initials: "J. K. Rowling" is "J.K. Rowling"."""
_AROUND = re.compile(r"(?<!\w)[#](?=\w)|(?<![\w+])\+(?=\w)")
"""Marks before a word that mean nothing: "#1", "+5"."""
_PARTING = re.compile(
    r"(?<=\w)-|-(?!\d)|[^\w\s.:,/+#%$€£¥₹<>=°-\U0010ffff-]|_"
    r"|(?<!\d)[:,/]|[:,/](?!\d)|[\u2010-\u2027\u2030-\u205e]|[\u3001-\u3003\u3008-\u301f\u30fb]|[«»¿¡·©®™]"
)
"""What parts words: hyphens, commas, slashes and colons that are not inside a number, quotes, brackets."""
_STOPS = re.compile(r"\.(?!\d)|(?<!\d)\.(?=\d)(?<=[^\W\d]\.)")
