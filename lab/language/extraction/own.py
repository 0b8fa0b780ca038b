"""Removes the further questions that a model asks and answers after its answer.

A base model often continues with another "Question:" or with a user turn. The answer to that is not an answer
to the question that was asked.
"""

from __future__ import annotations

import re

from lab.language.reasoning import spoken

MOST = 200_000
"""Characters of a text that are read at all, from its end on: no answer needs so many."""


def own_answer(text: str) -> str:
    """The text without reasoning, up to the place where another question begins."""
    said = spoken(text)
    said = said if len(said) <= MOST else said[-MOST:]
    for match in _NEXT.finditer(said):
        if said[: match.start()].strip():
            return said[: match.start()]
    return said


_NEXT = re.compile(
    r"^[ \t]*(?:[#>*]+[ \t]*)?(?:(?:next |new |another )?(?:question|problem|exercise|example|frage"
    r"|pregunta)"
    r"(?:[ \t]*\d{1,3})?[ \t]*[:.]|q[ \t]?\d{0,3}:|(?:human|user|instruction|student)[ \t]*:|问题[：:]"
    r"|質問[：:]"
    r"|<\|(?:im_start|user|start_header_id)\|?>)",
    re.IGNORECASE | re.MULTILINE,
)
