"""Multiple-choice options: their letters, and what a problem's meta says about them.

`meta["options"]` holds the texts, `meta["option_labels"]` the labels (A, B, ...), and `meta["options_shown"]`
whether the prompt shows them. None of these says which option is right. If the prompt does not show the
options, only a strategy that ranks the options itself (`rank_by_likelihood`) can answer with a letter, and
few-shot examples show the text of the right option.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from lab.errors import InputError

LETTERS = string.ascii_uppercase


def option_meta(options: Sequence[Any], *, shown: bool, where: str) -> dict[str, Any]:
    """The entries of a problem's meta that describe its options.

    Raises InputError for fewer than two options, or for more options than letters.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise InputError(f"expected 2 to {len(LETTERS)} choices, found {len(options)}", where=where)
    labels = tuple(LETTERS[: len(options)])
    return {"options": tuple(map(str, options)), "option_labels": labels, "options_shown": shown}


def lettered(options: Sequence[Any]) -> str:
    """The options with their letters, one per line: "A. blue"."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))


def letter_of(gold: Any, options: Sequence[Any], where: str) -> str:
    """The letter of the gold answer, which may be given as the option's text, its letter, or its index from
    0.
    """
    texts, name = [str(option) for option in options], str(gold)
    letters = LETTERS[: len(options)]
    if name in texts:
        return letters[texts.index(name)]
    if name.strip().upper() in tuple(letters):
        return name.strip().upper()
    if name.isdigit() and int(name) < len(options):
        return letters[int(name)]
    raise InputError(f"the answer {name[:60]!r} is not one of the {len(options)} choices", where=where)
