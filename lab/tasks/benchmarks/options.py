"""Questions with options: letters for them, and what a problem tells of them without saying which is right.

`meta["options"]` holds the texts, `meta["option_labels"]` what an answer names each by (A, B, ...), and
`meta["options_shown"]` whether the prompt has them. Where it has not, nobody can answer with a letter but a
strategy that weighs the options themselves (`rank_by_likelihood`), and few-shot examples show the right
option's text.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from lab.errors import InputError

LETTERS = string.ascii_uppercase


def option_meta(options: Sequence[Any], *, shown: bool, where: str) -> dict[str, Any]:
    """What a problem's meta says of its options.

    Raises InputError for less than two of them, or more than there are letters.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise InputError(f"expected 2 to {len(LETTERS)} choices, found {len(options)}", where=where)
    labels = tuple(LETTERS[: len(options)])
    return {"options": tuple(map(str, options)), "option_labels": labels, "options_shown": shown}


def lettered(options: Sequence[Any]) -> str:
    """One option a line, with its letter: "A. blue"."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))


def letter_of(gold: Any, options: Sequence[Any], where: str) -> str:
    """The gold's letter: given as the option's text, as a letter, or as an index from 0."""
    texts, name = [str(option) for option in options], str(gold)
    letters = LETTERS[: len(options)]
    if name in texts:
        return letters[texts.index(name)]
    if name.strip().upper() in tuple(letters):
        return name.strip().upper()
    if name.isdigit() and int(name) < len(options):
        return letters[int(name)]
    raise InputError(f"the answer {name[:60]!r} is not one of the {len(options)} choices", where=where)
