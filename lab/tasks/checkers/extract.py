r"""Where in a model's text the answer stands.

A model restates the question, works, and somewhere commits itself. `extract` names the place:
`auto` takes the strongest sign there is, in this order: the last `\boxed{...}`, the last
`<answer>...</answer>`, what follows the last `####`, what follows the last "answer is" or
"answer:"; with no sign at all it hands back the whole text and says so, and the checker falls back
(numeric: the last number; text: the first line). Everything here is string work on untrusted text:
linear time, no evaluation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Extract = Literal["auto", "whole", "first_line", "last_line", "after_marker", "boxed", "last_number"]
"""How to find the answer: see the module's docstring; `last_number` is for the numeric checker only."""


@dataclass(frozen=True, slots=True)
class Found:
    """The piece of text that holds the answer; `marked` is False where nothing pointed at it."""

    text: str
    marked: bool


def find_answer(text: str, how: Extract, marker: str = "") -> Found | None:
    """The answer's place in `text`, or None where `how` finds none.

    `marker`, if not empty, is a literal string that takes the place of the built-in markers.
    """
    match how:
        case "whole" | "last_number":
            return Found(text, marked=False)
        case "first_line" | "last_line":
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return Found(lines[0 if how == "first_line" else -1], marked=True) if lines else None
        case "boxed":
            return _marked(last_boxed(text))
        case "after_marker":
            return _marked(after_marker(text, marker))
        case "auto":
            for found in (last_boxed(text), last_tag(text), after_marker(text, marker)):
                if found is not None:
                    return Found(found, marked=True)
            return Found(text, marked=False)


def last_boxed(text: str) -> str | None:
    r"""What the last complete `\boxed{...}` holds, braces balanced; None if there is none."""
    for start in reversed([m.end() for m in _BOXED.finditer(text)][-50:]):
        depth = 1
        for end in range(start, min(len(text), start + 2000)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                return text[start:end]
    return None


def last_tag(text: str) -> str | None:
    """What the last `<answer>` holds, up to `</answer>` or the end of a text that was cut off."""
    start = text.lower().rfind("<answer>")
    if start < 0:
        return None
    inside = text[start + len("<answer>") :]
    end = inside.lower().find("</answer>")
    return inside if end < 0 else inside[:end]


def after_marker(text: str, marker: str = "") -> str | None:
    """What follows the last marker, to the end of the text; None without one or with nothing behind it."""
    if marker:
        at = text.rfind(marker)
        return None if at < 0 else _something(text[at + len(marker) :])
    at = text.rfind("####")
    if at >= 0 and _something(text[at + 4 :]) is not None:
        return text[at + 4 :]
    ends = [m.end() for m in _MARKER.finditer(text)]
    for end in reversed(ends):
        if _something(text[end:]) is not None:
            return text[end:]
    return None


def strip_markup(text: str) -> str:
    r"""Without the white space, quotes, backticks, bold marks, LaTeX `$` and `\text{}` around it."""
    before = None
    while text != before:
        before = text
        text = text.strip().strip('`*"“”').strip()
        if inner := _WRAPPED.fullmatch(text):
            text = next(group for group in inner.groups() if group is not None)
    return text


def _something(text: str) -> str | None:
    return text if text.strip(" \t\r\n.:*") else None


def _marked(text: str | None) -> Found | None:
    return None if text is None else Found(text, marked=True)


_BOXED = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_MARKER = re.compile(r"\banswer(?:\s{1,3}is)?\s{0,3}\**\s{0,3}[:=]\**|\banswer\s{1,3}is\b", re.IGNORECASE)
_WRAPPED = re.compile(r"(?:\\text(?:bf|rm|it)?|\\mathrm|\\mathbf)\{([^{}]*)\}|\$([^$]*)\$|\\\((.*)\\\)")
