"""Whole-word search: "cat" is not found in "concatenate", but 東京 is found in 日本の首都は東京です.

Chinese, Japanese, Thai and some other scripts have no spaces, and Korean attaches particles to its words. In
these scripts a name may begin and end between any two letters, but not before a combining mark that belongs
to its last letter.
"""

from __future__ import annotations

import re
import unicodedata


def stands_in(words: str, text: str) -> bool:
    """Whether normalised `words` occur as whole words in a normalised `text`."""
    at = text.find(words)
    while words and at >= 0:
        end = at + len(words)
        if _edge(text[at - 1 : at], words[0]) and _edge(words[-1], text[end : end + 1]):
            return True
        at = text.find(words, at + 1)
    return False


def _edge(left: str, right: str) -> bool:
    """Whether a word may end between these two characters ("" at an end of the text)."""
    if not left or not right or left == " " or right == " ":
        return True
    if right == "°":
        return True
    if unicodedata.combining(right) or unicodedata.category(right) in ("Mn", "Mc"):
        return False
    return bool(_UNSPACED.match(left) or _UNSPACED.match(right))


_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
    "\u2600-\u27bf\U0001f000-\U0001faff]"
)
"""Letters of scripts without spaces, and emoji."""
