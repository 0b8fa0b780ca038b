"""Extracts the number a statement gives: "The GCD of 12 and 24 is 6." gives 6, "between 15 and 20" gives
none.

A statement that begins with a quantity gives that quantity. Otherwise the quantity is taken after the last
"=", after the last "is" or other verb that states a result, or after "so" and "therefore". Otherwise it is
the only quantity in the statement. Words such as "because", "for" and "of" end the part that is read; a
second quantity before them makes the statement ambiguous. A statement that is ambiguous gives AMBIGUOUS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from lab.language.numbers.plain import plain
from lab.language.numbers.quantities import Quantity, quantities
from lab.language.numbers.words import START


class NoNumber(Enum):
    """Why a statement gives no number: it has none at all, or several, or one that is not understood."""

    NONE = "no number"
    AMBIGUOUS = "no one number"


NONE, AMBIGUOUS = NoNumber.NONE, NoNumber.AMBIGUOUS


@dataclass(frozen=True, slots=True)
class StatedNumber:
    """The number that a statement gives: a value, or the text of a date. `percent` as in Quantity."""

    value: Fraction | str
    percent: bool = False


Reading = StatedNumber | NoNumber


def stated(text: str, marked: bool, words: bool = True) -> Reading:
    """The number that a text gives. With a marker (`marked`): from the first sentence that has a number; else
    from the last.
    """
    written = plain(_BOLD.sub(" ", _CALCULATOR.sub("", text)))
    spell = words and not re.search(r"[0-9]", written)
    sentences = list(_sentences(written[:_LONGEST], questions=marked))
    for sentence in sentences if marked else reversed(sentences):
        found = _of_sentence(_ITEM.sub("", sentence) if len(sentences) > 1 else sentence, marked, spell)
        if found is not NONE:
            return AMBIGUOUS if not marked and _differs(written, found) else found
        if marked and not _OPEN.search(sentence):
            break
    return NONE


def _differs(text: str, found: Reading) -> bool:
    """Whether the first line is a different number alone: "7", with an explanation below it."""
    line, _, below = text.strip().partition("\n")
    if not below.strip() or not isinstance(found, StatedNumber) or not _BARE_LINE.fullmatch(line):
        return False
    first = [quantity.value for quantity in quantities(line, words=False)]
    return len(first) == 1 and first[0] != found.value


def _sentences(text: str, questions: bool) -> Iterator[str]:
    """The sentences that are not empty, without questions, which state nothing."""
    at = 0
    for end in [*SENTENCE_END.finditer(text), None]:
        sentence = text[at : end.start() if end else len(text)]
        if sentence.strip() and (questions or not end or "?" not in end.group() or _TAG.search(sentence)):
            yield sentence
        at = end.end() if end else at


def _of_sentence(sentence: str, marked: bool, words: bool) -> Reading:
    """The number of one sentence; AMBIGUOUS if it contains something that is not understood."""
    text = _denied(sentence)
    found = list(quantities(text, words))
    if not found:
        return AMBIGUOUS if _UNREAD.search(sentence) else NONE
    if (not marked and _BULLET.match(text)) or _COMMAND.search(text):
        return AMBIGUOUS
    begin = _begins(text, found) if marked or _whole(text) or _IS_THE.match(text, found[0].end) else None
    if isinstance(begin, StatedNumber):
        return begin
    if "=" in text:
        return _behind_equals(text, found)
    if begin is not None and not _OPERATOR.match(text, found[0].end):
        return begin if marked or not _COPULA.search(text) else _concluded(text, found)
    return _concluded(text, found)


def _concluded(text: str, found: list[Quantity]) -> Reading:
    """The quantity after the last verb that states a result or the last "so"; else the only quantity."""
    verbs = [match.end() for match in _COPULA.finditer(text)]
    so = [match.end() for match in _SO.finditer(text) if any(q.start >= match.end() for q in found)]
    ends = [end for end in verbs if any(q.start >= end for q in found)]
    if so and (not ends or ends[-1] < so[-1]):
        return _leading(text, so[-1], [q for q in found if q.start >= so[-1]])
    if ends:
        if (again := _said_again(text, ends[0], found)) is not None:
            return again
        beside = _beside(text, ends, found) if not so else None
        return beside or _leading(text, ends[-1], [q for q in found if q.start >= ends[-1]])
    for match in reversed(list(_RESULT.finditer(text))):
        if after := [q for q in found if q.start >= match.end()]:
            return _leading(text, match.end(), after)
    return _only(text, found)


def _said_again(text: str, at: int, found: list[Quantity]) -> Reading | None:
    """The number after a verb that the rest of the sentence only repeats: "is 12, displayed as 12"."""
    first, *others = [quantity for quantity in found if quantity.start >= at]
    if (
        not others
        or any(q.value != first.value for q in others)
        or not _FILLER.fullmatch(text, at, first.start)
    ):
        return None
    return (
        AMBIGUOUS if first.value is None or _more(text, first) else StatedNumber(first.value, first.percent)
    )


def _beside(text: str, ends: list[int], found: list[Quantity]) -> Reading | None:
    """AMBIGUOUS if two verbs joined by "and" give two quantities and the second is not computed from the
    first: "The year was 1998, and she was 12.", but not "5 + 3 is 8 and 8 + 2 is 10."
    """
    for one, other in pairwise(ends):
        told = next((q for q in found if one <= q.start < other), None)
        joined = told and _FILLER.fullmatch(text, one, told.start) and _AND_ALSO.search(text, told.end, other)
        if (
            told
            and joined
            and not any(q.value == told.value for q in found if joined.end() <= q.start < other)
        ):
            return AMBIGUOUS
    return None


def _denied(sentence: str) -> str:
    """The sentence with the quantities after "not" blanked out: "not 17 but 18" gives 18."""
    return _NOT.sub(lambda m: " " * len(m.group()), sentence)


def _behind_equals(text: str, found: list[Quantity]) -> Reading:
    """What follows the last "="; AMBIGUOUS for two equations that are not one chain."""
    at = text.rindex("=") + 1
    after = [q for q in found if q.start >= at - 1]
    if not after:
        return AMBIGUOUS
    if (so := _SO.search(text, at)) and any(q.start > so.end() for q in after):
        return _concluded(text[so.start() :], list(quantities(text[so.start() :], words=False)))
    right = _leading(text, at, after)
    parts = _AND.split(text)
    several = [p for p in parts if "=" in p and any(c.isalpha() for c in p.split("=")[0])]
    if len(several) > 1 and len({p.rsplit("=", 1)[1].strip() for p in several}) > 1:
        return AMBIGUOUS
    return right


def _begins(text: str, found: list[Quantity]) -> Reading | None:
    """The number of a statement that begins with a quantity; None if it does not begin with one."""
    if not _FILLER.fullmatch(text, 0, found[0].start):
        return None
    first = found[0]
    if _IS_THE.match(text, first.end) and first.value is not None:
        return StatedNumber(first.value, first.percent)
    return _leading(text, 0, found)


def _leading(text: str, at: int, after: list[Quantity]) -> Reading:
    """The first quantity after `at`, unless there are others in the same clause."""
    first = after[0]
    before = text[at : first.start]
    before = _EACH.sub("", before, count=1)
    if not _FILLER.fullmatch(before) and (_BREAK.search(before) or _DEPENDS.search(before)):
        return AMBIGUOUS
    clause_end = _clause_end(text, first.end)
    beside = [q for q in after[1:] if q.start < clause_end]
    if first.value is None or any(q.value != first.value for q in beside) or _more(text, first):
        return AMBIGUOUS
    return StatedNumber(first.value, first.percent)


def _clause_end(text: str, at: int) -> int:
    """The end of the clause that continues at `at`. The clause includes ", or 16" and ", 17"."""
    for match in _BREAK.finditer(text, at):
        if not _GOES_ON.match(text, match.start()):
            return match.start()
    return len(text)


def _only(text: str, found: list[Quantity]) -> Reading:
    """The only quantity of a sentence without a verb of result, unless it belongs to something else there."""
    first = found[0]
    if (
        first.value is None
        or any(q.value != first.value for q in found)
        or _DEPENDS.search(text[: first.start])
    ):
        return AMBIGUOUS
    if _more(text, first):
        return AMBIGUOUS
    return StatedNumber(first.value, first.percent)


def _more(text: str, first: Quantity) -> bool:
    """Whether arithmetic or a range continues after a quantity."""
    return bool(_OPERATOR.match(text, first.end) or _RANGE.match(text, first.end))


def _whole(text: str) -> bool:
    """Whether the sentence is short: little more than its quantity."""
    return len(text.split()) <= _SHORT


_LONGEST, _SHORT = 20_000, 6
SENTENCE_END = re.compile(
    r"(?<!\bNo)(?<!\bno)(?<!\bRs)(?<!\bi\.e)(?<!\be\.g)[.!?](?=\s(?!=)|$)|[。！？]|\n+|;\s"
)
_BOLD = re.compile(r"(?<![\d)])\*\*|\*\*(?![\d(])|__")
"""Bold marks, not powers."""
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
"""GSM8K's annotations of its arithmetic."""
_ITEM = re.compile(r"^\s*(?:\d{1,3}[.)]|[*•])\s+(?=\S)")
_BARE_LINE = re.compile(r"[\s*$]*-?\d[\d.,]*[\s*$.%]*", re.ASCII)
_OPEN = re.compile(r"^[\s:*#>\"'`-]*$|:\s*$")
_BULLET = re.compile(r"\s*-\s+\.?\d")
_COMMAND = re.compile(r"\\[A-Za-z]{2,}")
"""LaTeX commands that plain.py does not know, whose effect on a number is unknown."""
_UNREAD = re.compile(
    r"(?<![A-Za-z])\d|[一二三四五六七八九十百千]{2,}|^\W*[零一二三四五六七八九十]\W*$"
    r"|\b(?:half|(?:a|an|one)\s(?:dozen|third|quarter|couple|pair)|dozens|infinity|infinite)\b",
    re.ASCII | re.IGNORECASE,
)
"""A number that is not read: then there is no other in its place."""
_NOT = re.compile(
    r"(?:\bnot|n't|\bnever|\brather than|\binstead of)\s+(?:the\s+|be\s+|a\s+|just\s+|only\s+|equal to\s+)?"
    r"[-$€£]?\s?\d(?:[\d.,/]*\d)?(?!\w)",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:[\s:\"'`*#>(\[{“]|\b(?:the|a|an|is|are|be|exactly|simply|just|only|about|approximately|approx"
    r"|roughly|nearly"
    r"|therefore|thus|so|hence|equal|equals|to|it|answer|final|number|value|total|of|there|that|which|x|=)\b"
    r"|[,.])*",
    re.IGNORECASE,
)
_IS_THE = re.compile(r"\s+(?:is|are|was|would be)\s+(?:the|your|our|correct|right)\b", re.IGNORECASE)
_COPULA = re.compile(
    r"\b(?:is|are|was|were|will be|would be|must be|should be|equals?(?:\s+to)?|becomes?|gives?|gave"
    r"|gets?|got|makes?"
    r"|made|yields?|totals|totalling|leaves?|left with|comes? to|amounts? to|adds? up to|results? in"
    r"|sums? to|namely"
    r"|ist|sind|beträgt|est|sont|es|son|è|são|равен|равно|это)\b(?!\s+(?:not|less|more|greater|fewer"
    r"|between)\b)"
    r"|\b(?:it|that|this)'s\b|\bi\.e\.,?|[→⇒≈]|是|为|為|は|等于",
    re.IGNORECASE,
)
_EACH = re.compile(r"^[\s,]*each\b", re.IGNORECASE)
_TAG = re.compile(r",\s(?:right|correct|(?:is|are|was|do|does|did)n't \w+)\s*$", re.IGNORECASE)
"""What makes a question of a statement: "It's 7, isn't it?"."""
_AND_ALSO = re.compile(r"\band\b|;", re.IGNORECASE)
_SO = re.compile(r"\b(?:so|therefore|thus|hence)\b(?!\s+(?:on|far)\b)|∴", re.IGNORECASE)
"""What is concluded from an equation."""
_RESULT = re.compile(
    r"\b(?:so|therefore|thus|hence|then|meaning|that is|in total|altogether|finally)\b|[∴]|:(?=\s)",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"\b(?:because|since|as|which|where|who|when|while|if|for|from|in|per|each|with|after|before|by|than"
    r"|out of|not"
    r"|and so|but|so|therefore|minus the|plus the|weil|car|porque)\b|[,;:()\[—]|\s-\s|\.(?=\s)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s?,?\s?(?:(?:or|and|then|to|oder|ou|o|y|et|und)\b|,\s?[-$]?\d)|\(\s?(?:or|and)\b", re.IGNORECASE
)
_DEPENDS = re.compile(
    r"\b(?:of|by|from|than|with|step|steps|case|question|problem|part|line|no\.|between|over|under|divides"
    r"|divide|multiply|add|subtract|and|or|mod|at least|at most|factors?|numbers|digits?)\W*$"
    r"|\b(?:between|either|factors of|divisors of|multiples of|numbers)\b",
    re.IGNORECASE,
)
_OPERATOR = re.compile(
    rf"[)\s]{{0,3}}(?:[-+*/]\s{{0,2}}[-(]?\d|[+*]\s{{0,2}}[A-Za-z(]|-[A-Za-z(]"
    rf"|(?:times|plus|minus|divided by|multiplied by)\s+[-(]?(?:[\d(]|{START.pattern}))",
    re.IGNORECASE,
)
"""Arithmetic still to be done."""
_RANGE = re.compile(
    rf"\s{{0,2}}(?:(?:or|to|through|oder|ou)\s+[-$]?(?:\d|(?:more|less|fewer)\b|{START.pattern})|out of\b"
    rf"|of\s+\d)",
    re.IGNORECASE,
)
"""Not one number but a range or a share."""
_AND = re.compile(r",|;|\band\b|\bor\b", re.IGNORECASE)
