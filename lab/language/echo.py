"""Detects echoes: a text that only repeats the question contains no answer.

A base model often continues a prompt with the question itself. The question is the last user turn, including
the instruction. Only letters and digits are compared, so differences in white space, case and punctuation do
not matter.
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
    """The text a model gave for a problem, without its reasoning and without a repetition of the question."""
    return after_question(spoken(text), last_user_turn(problem.messages))


def after_question(text: str, question: str) -> str:
    """The part of `text` that follows a repetition of the question; "" if the text is a prefix of the
    question.
    """
    label = _LABEL.match(text)
    bare = text[label.end() :] if label else text
    said = _behind(bare, question)
    return text if said is bare else said


def _behind(text: str, question: str) -> str:
    """As `after_question`, for a text without a label. Returns the text unchanged if it repeats nothing."""
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
    """The question's letters and digits, with and without the instruction below it. Cached, because many
    texts answer the same question.
    """
    lines = [line for line in question.splitlines() if line.strip()]
    openings = [_letters("\n".join(lines[:-1]))] if len(lines) > 1 else []
    return tuple(dict.fromkeys((_letters(question), *openings)))


def _long(text: str, said: str) -> bool:
    """Whether a beginning of the question is long enough, or breaks off as no answer does ("6,")."""
    return len(said) >= LONG or len(text.split()) >= WORDS or text.rstrip()[-1:] in ",;:([{+-*/=<"


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text.casefold())


def _end(text: str, count: int) -> int:
    """The index after the first `count` letters and digits of a text."""
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
