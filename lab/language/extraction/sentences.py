"""Extracts the short answer from a sentence: "France's capital is Paris, on the Seine." gives "Paris".

Names may contain stops, commas, colons and verbs ("Roe v. Wade", "Washington, D.C.", "Life Is Beautiful").
`readings` therefore also returns the longer forms; if one of them is an accepted answer, it is the answer. A
sentence that denies something ("not Kabul", "anything but Europe") or leaves it open ("Kabul or Springfield")
gives no answer; see `settled`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lab.language.normalise import normalise


def core(line: str, asked: frozenset[str] = frozenset()) -> str:
    """The part of a sentence that answers, without additions to it.

    "Paris is the capital of France" gives "Paris", unless Paris is in `asked`, the names in the question.
    "Paris, France" gives "Paris" if France is in `asked`.
    """
    short = _TAIL.split(side(line, asked).strip(), maxsplit=1)[0]
    name, comma, where = short.partition(", ")
    return name if comma and set(normalise(where).split()) <= asked else short


@lru_cache(maxsize=1024)
def side(line: str, asked: frozenset[str] = frozenset()) -> str:
    """The whole part of the first sentence that answers."""
    sentence = first_sentence(line)
    if match := _AT_ITS_END.fullmatch(sentence):
        return match["named"] or match["said"]
    parts = _VERB.split(sentence, maxsplit=1)
    if len(parts) == 2 and all(normalise(part) for part in parts):
        left, right = parts
        told = _DESCRIPTION.match(right) and not _DESCRIPTION.match(left)
        told = (told or set(normalise(right).split()) <= asked) and not _POINTING.fullmatch(left.strip())
        sentence = left if told and not set(normalise(left).split()) <= asked else right
    if match := _NOT_BUT.match(sentence):
        return match["but"]
    return _NOT_TAIL.split(sentence, maxsplit=1)[0]


def first_sentence(line: str) -> str:
    """The text up to the first stop that ends a sentence. Stops after abbreviations and initials do not."""
    return _SENTENCE_END.split(line, maxsplit=1)[0]


def readings(line: str, asked: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """All forms in which a line may be the answer, longest first."""
    sentence, whole = first_sentence(line), side(line, asked)
    return tuple(dict.fromkeys((line, sentence, whole, core(line, asked))))


def settled(answer: str) -> bool:
    """Whether the answer names one thing: it denies nothing and leaves nothing open."""
    return not _DENIED.match(answer.strip()) and not _OPEN.search(answer)


_ABBREVIATED = "".join(
    rf"(?<!\b{word})"
    for word in [
        "St",
        "Mt",
        "Ft",
        "Dr",
        "Mr",
        "Mrs",
        "Ms",
        "Jr",
        "Sr",
        "Prof",
        "Rev",
        "Gen",
        "Col",
        "Lt",
        "Capt",
        "Sgt",
        "Gov",
        "Sen",
        "Rep",
        "Hon",
        "No",
        "Vol",
        "Bros",
        "v",
        "vs",
        "op",
        "ca",
    ]
)
_SENTENCE_END = re.compile(rf"(?<!\b[A-Z]){_ABBREVIATED}[.!?](?=\s+[A-Z]|\s*$)|[。！？]")
_VERB = re.compile(
    r"(?:\s(?:is|are|was|were|would be|will be|must be|should be)|\s(?:starts|begins|opens|closes|ends"
    r"|departs|arrives|leaves)\sat|(?<=\b[Ii]t)['’]s|(?<=\b[Tt]hat)['’]s)"
    r"(?:\s(?:called|named|known as|located in|in))?\s"
    r"|(?<=[\u3400-\u9fff])是(?=[\u3400-\u9fff])|\s(?=(?:isn['’]t|aren['’]t|wasn['’]t|weren['’]t)\s)"
)
_AT_ITS_END = re.compile(
    r"(?:.{1,80}は、?)?(?P<named>.{1,80}?)(?:です|でした|である|だ)[。.]?"
    r"|(?:.{1,80}[은는이가]\s)?(?P<said>.{1,80}?)(?:입니다|이에요|예요|이다)[.]?"
)
"""Japanese and Korean say what something is with the verb at the end: 首都は東京です。"""
_POINTING = re.compile(r"(?:it|this|that|he|she|they|the answer)", re.IGNORECASE)
_DESCRIPTION = re.compile(
    r"\s*(?:the|a|an|one of|its|their)\s(?:.*\s)?(?:of|in|for|used|that)\b", re.IGNORECASE
)
_TAIL = re.compile(
    r"[,:]\s(?![A-Z\u00c0-\u00de])|;|\s?\(|\s[-–—]\s|\s(?:which|where|and (?:is|the|its)|because|since)\s"
)
_NOT_BUT = re.compile(r"\s*not\s(?:[^.]{1,80}?),?\s(?:but|rather)\s(?P<but>.+)", re.IGNORECASE)
_NOT_TAIL = re.compile(r",?\s\(?(?:and |but )?(?:not|rather than|instead of|unlike)\s", re.IGNORECASE)
_DENIED = re.compile(
    r"(?:(?:is|are|was|were|it['’]?s|it)\s){0,2}(?:not|never|neither|no one|nobody|none of|nothing"
    r"|\w+n['’]t|(?:any|every)(?:thing|one|where|body)?\s(?:but|except|other)|all\s(?:but|except))\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\beither\b|\s(?:or|and/or|oder|ou)\s", re.IGNORECASE)
