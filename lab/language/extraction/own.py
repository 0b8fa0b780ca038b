"""What a model wrote about this question: what it goes on to ask itself, and to answer, is left out.

Base models continue with a next "Question:", or with the user's turn; its answer is not the answer to ours.
"""

from __future__ import annotations

import re

from lab.language.reasoning import spoken

MOST = 200_000
"""Characters of a text that are read at all, from its end on: no answer needs so many."""


def own_answer(text: str) -> str:
    """The text without reasoning, up to where another question begins."""
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
