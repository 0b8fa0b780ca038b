"""Echoes: a text that only says the question again is no answer, however many numbers it holds.

A base model often continues with the question itself. The question is the last user turn, instruction
included. Compared are letters and digits alone, so that white space, case and marks do not hide it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lab.core.types import Problem, last_user_turn
from lab.language.reasoning import spoken

LONG, WORDS = 12, 3
"""Letters and digits, and words, from which on a beginning of the question is an echo of it: "Paris" may be
the answer to "Paris or Rome?"."""


def heard(problem: Problem, text: str) -> str:
    """What a text says to a problem: without reasoning, and without the question where it repeats that."""
    return after_question(spoken(text), last_user_turn(problem.messages))


def after_question(text: str, question: str) -> str:
    """What a text says behind the question, where it begins with it; "" where it is a beginning of it."""
    label = _LABEL.match(text)
    bare = text[label.end() :] if label else text
    said = _behind(bare, question)
    return text if said is bare else said


def _behind(text: str, question: str) -> str:
    """The same for a text without a label; the text itself where it repeats nothing."""
    forms = _forms(question)
    asked = forms[0]
    if not asked or not asked.startswith(_letters(text[:_HEAD])[:_HEAD_LETTERS]):
        return text
    said = _letters(text[: 2 * len(question) + 200])
    if not said:
        return text
    if asked.startswith(said) and len(text) <= 2 * len(question) + 200:
        return "" if _long(text, said) or said == asked or _ASKS.match(text) else text
    for whole in forms:
        if len(whole) >= LONG and said.startswith(whole):
            end = _end(text, len(whole))
            if not text[end : end + 1].isalnum():
                return text[end:].lstrip("?!.:。？：\"'”* \t\r\n")
    return text


@lru_cache(maxsize=4096)
def _forms(question: str) -> tuple[str, ...]:
    """The question's letters and digits, and those of the question without the instruction below it; kept,
    because many texts answer one question."""
    lines = [line for line in question.splitlines() if line.strip()]
    openings = [_letters("\n".join(lines[:-1]))] if len(lines) > 1 else []
    return tuple(dict.fromkeys((_letters(question), *openings)))


def _long(text: str, said: str) -> bool:
    """Whether a beginning of the question is long enough, or breaks off as no answer does ("6,")."""
    return len(said) >= LONG or len(text.split()) >= WORDS or text.rstrip()[-1:] in ",;:([{+-*/=<"


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text.casefold())


def _end(text: str, count: int) -> int:
    """Where the first `count` letters and digits of a text end."""
    for at, character in enumerate(text):
        if count <= 0:
            return at
        count -= sum(c.isalnum() for c in character.casefold())
    return len(text)


_HEAD, _HEAD_LETTERS = 40, 8
"""Most texts differ from the question within their first letters, of which so many are compared first."""
_NO_LETTERS = re.compile(r"[\W_]+")
_ASKS = re.compile(
    r"\W*(?:what|which|who|whom|whose|where|when|why|how|find|solve|calculate|compute)\b", re.IGNORECASE
)
"""How a question begins, and no answer to one does."""
_LABEL = re.compile(r"\s*[*#]{0,4}\s?(?:question|problem|task|prompt|q)\s?[:.]\s?[*]{0,2}\s*", re.IGNORECASE)
"""What may stand before the repeated question."""
