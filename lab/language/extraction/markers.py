r"""Finds the position of the answer in a model's text.

A model restates the question, works through it, and then often marks its answer: `\boxed{...}`,
`<answer>...</answer>`, `{"answer": ...}`, `#### ...`, "Answer: ..." or "the answer is ..." in several
languages, or a marker of the task's own. The last marker that is not empty counts. Without a marker the whole
text is returned with `marked=False`, and the caller looks for a bare final answer. The text is untrusted:
everything here runs in linear time and evaluates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from lab.language.extraction.own import own_answer

Extract = Literal["auto", "whole", "first_line", "last_line", "after_marker", "boxed", "last_number"]
"""How to find the answer (see the module's docstring). `last_number` is for the numeric checker only."""


@dataclass(frozen=True, slots=True)
class AnswerText:
    """The part of a text that holds the answer. `marked` is False if no marker pointed at it.

    `closed`: whether the marker also says where the answer ends. If False, `text` runs to the end of the
    output.
    """

    text: str
    marked: bool
    closed: bool = False


def find_answer(text: str, how: Extract, marker: str = "") -> AnswerText | None:
    """The part of `text` that holds the answer; None if `how` finds none.

    `marker`: a literal string that replaces the built-in markers; "" for the built-in ones.
    """
    return next(places(text, how, marker), None)


def places(text: str, how: Extract, marker: str = "") -> Iterator[AnswerText]:
    """The parts of `text` that may hold the answer, best first. A reader uses the first one it can read."""
    said = own_answer(text)
    match how:
        case "whole" | "last_number":
            yield AnswerText(said, marked=False)
        case "first_line" | "last_line":
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            yield from [AnswerText(lines[0 if how == "first_line" else -1], marked=True)] if lines else []
        case "boxed":
            yield from (found for _, found in reversed(list(_boxes(said))))
        case "after_marker":
            yield from _last_first([*_own(said, marker)] if marker else [*_headed(said), *_phrases(said)])
        case "auto":
            yield from _last_first([*_own(said, marker)]) if marker else _marked(said)
            yield AnswerText(said, marked=False)


def points_at_answer(text: str, marker: str = "") -> bool:
    """Whether an explicit marker holds an answer. A text cut off at `max_tokens` is read only if it does."""
    return any(found.marked for found in places(text, "auto", marker))


def strip_markup(text: str) -> str:
    r"""Removes surrounding white space, quotes, backticks, bold marks, LaTeX `$` and `\text{}`."""
    before = None
    while text != before:
        before = text
        text = text.strip().strip('`*"“”«»„\ufeff').strip()
        if inner := _WRAPPED.fullmatch(text):
            text = next(group for group in inner.groups() if group is not None)
    return text


AnswerPlace = tuple[int, AnswerText]


def _last_first(found: list[AnswerPlace]) -> Iterator[AnswerText]:
    return (place for _, place in sorted(found, key=lambda place: place[0], reverse=True))


@lru_cache(maxsize=256)
def _marked(text: str) -> tuple[AnswerText, ...]:
    """The parts after all built-in markers, last first. Cached, because a text is read several times."""
    return tuple(_last_first([*_markers(text)]))


def _markers(text: str) -> Iterator[AnswerPlace]:
    yield from _boxes(text)
    yield from _tags(text)
    yield from _json(text)
    yield from _headed(text)
    yield from _phrases(text)


def _boxes(text: str) -> Iterator[AnswerPlace]:
    """The contents of the last fifty complete boxes that are not empty."""
    for match in [*_BOXED.finditer(text)][-50:]:
        depth = 1
        for end in range(match.end(), min(len(text), match.end() + 2000)):
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            if depth == 0:
                if text[match.end() : end].strip():
                    yield match.start(), AnswerText(text[match.end() : end], marked=True, closed=True)
                break


def _tags(text: str) -> Iterator[AnswerPlace]:
    """The content of the last `<answer>`, up to `</answer>` or the end of a text that was cut off."""
    opened = [*_TAG.finditer(text)][-1:]
    for match in opened:
        close = _TAG_END.search(text, match.end())
        inside = text[match.end() : close.start() if close else len(text)]
        if _something(inside):
            yield match.start(), AnswerText(inside, marked=True, closed=close is not None)


def _json(text: str) -> Iterator[AnswerPlace]:
    """The value of "answer" in the last JSON object that has it."""
    for match in [*_JSON.finditer(text)][-1:]:
        yield match.start(), AnswerText(match["text"] or match["bare"] or "", marked=True, closed=True)


def _headed(text: str) -> Iterator[AnswerPlace]:
    """Lines such as `#### 42`. A heading ("#### Step 3") does not count; after a heading that says "Answer",
    the answer is below it.
    """
    for match in [*_HEADED.finditer(text)][-50:]:
        line = match["line"].strip()
        if not _HEADING.match(line) and _something(line):
            yield match.start(), AnswerText(text[match.start("line") :], marked=True)
        elif _ANSWER_HEADING.fullmatch(line) and _something(text[match.end() :]):
            yield match.start(), AnswerText(text[match.end() :], marked=True)


def _phrases(text: str) -> Iterator[AnswerPlace]:
    """What follows "answer is", "Answer:" and the like, to the end of the text; the last fifty of them."""
    for match in [*_PHRASE.finditer(text)][-50:]:
        rest = text[match.end() :]
        if _something(rest):
            yield match.end(), AnswerText(rest, marked=True)


def _own(text: str, marker: str) -> Iterator[AnswerPlace]:
    at = text.rfind(marker)
    if at >= 0 and _something(text[at + len(marker) :]):
        yield at, AnswerText(text[at + len(marker) :], marked=True)


def _something(text: str) -> bool:
    return bool(text[:_LOOK].strip(" \t\r\n.:*#\"'`"))


_LOOK = 2000
_BOXED = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_TAG = re.compile(r"<answer>", re.IGNORECASE)
_TAG_END = re.compile(r"</answer>", re.IGNORECASE)
_JSON = re.compile(
    r"[\"'](?:final_?)?(?:answer|choice|result)[\"']\s{0,3}:\s{0,3}(?:\"(?P<text>(?:[^\"\\\n]"
    r"|\\.){1,2000})\"|(?P<bare>[^\s\",}]{1,200}))",
    re.IGNORECASE,
)
_HEADED = re.compile(r"####+(?P<line>[^\n]*)")
_HEADING = re.compile(
    r"[\s*]*(?:(?:final\s+)?(?:answer|solution|result|step|part|case|check|verif\w*|explanation"
    r"|reasoning|note|given"
    r"|summary|conclusion|analysis|approach|understanding|calculat\w*|working)\b(?!\s*(?:is\b|[:=]\s*\S)))",
    re.IGNORECASE,
)
_ANSWER_HEADING = re.compile(
    r"[\s*]*(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|solution|result)[\s:*.]*", re.IGNORECASE
)
_BE = (
    r"(?:is|are|was|would be|should be|must be|will be|could be|seems? to be|appears? to be|comes? to"
    r"|comes? out to be"
    r"|equals|is equal to)"
)
_PHRASE = re.compile(
    r"\b(?:answer|the (?:correct|right|best) (?:option|choice)|correct (?:option|choice)|(?:option"
    r"|choice) is)"
    r"(?:\*{0,2}\s{0,3}[:=：]\*{0,2}|\s+[-–—]\s+"
    rf"|(?:\s+(?:to|of|for)\s+(?:[^\s.:!?]+\s+){{1,8}}?)?\s*\(?\**\s{{0,3}}\b{_BE}\b\s{{0,3}}[:：]?\**)"
    r"|\b(?:antwort|lösung|ergebnis|r[ée]ponse|respuesta|risposta|resposta|ответ|cevap|odpowiedź"
    r"|odpověď|svar|antwoord"
    r"|svaret|vastaus|đáp án|jawaban)(?:\s[^\W\d]{2,20}){0,2}?"
    r"\*{0,2}\s{0,3}(?:[:：]|\b(?:ist|lautet|est|es|è|é|to|je|är|er|is|là|adalah)\b\s?[:：]?|\s[-–—]\s)"
    r"|\b(?:wait|actually|correction|sorry|scratch that|i mean(?:t)?|rather)\b[\s,.:!—–-]{1,4}"
    r"(?:no\b[\s,.!]{1,3})?(?:it|that|this)(?:['’]s|\s(?:is|should be|must be|would be))\b"
    r"(?!\s+(?:not|wrong|right|correct|incorrect)\b)\s?:?"
    r"|\b(?:wrong|incorrect|not right|not correct|an? mistake|an? error)\b[\s.,!;:—–-]{1,4}"
    r"(?:it|that|this|the (?:\w+ )?(?:answer|number|value|result))"
    r"(?:['’]s|\s(?:is|should be|must be|would be|should have been))\b(?!\s+not\b)\s?:?"
    r"|(?:正确|最终|最後の|正しい)?(?:答案|答え|回答|正解)(?:应该|應該)?(?:[：:]|是[：:]?|为[：:]?"
    r"|為[：:]?|は[：:、]?)"
    r"|(?:정답|답)(?:은|:|：)|الإجابة(?:\s+الصحيحة)?(?:\s+هي)?\s?[:：]?|उत्तर(?:\s+है)?\s?[:：]"
    r"|คำตอบ(?:คือ|:)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"(?:\\text(?:bf|rm|it)?|\\mathrm|\\mathbf)\{([^{}]*)\}|\$\$?([^$]*)\$\$?|\\\((.*)\\\)|\\\[(.*)\\\]"
)
