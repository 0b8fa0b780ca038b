"""What all twins of a reasoning_gym question share, where that takes more than sorted lists (twins.py).

Each form takes the part of a question that matters and gives one text for all of its twins: other orders that
mean nothing, other names of the same things.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import permutations

from lab.language.operands import ordered, renamed


def expression(text: str) -> str:
    """An expression, or an equation, with its operands in order."""
    return " = ".join(ordered(side) or side for side in text.split(" = "))


def names(text: str) -> str:
    """Names, by the order in which they appear."""
    return renamed(text, _CAPITAL)


def digits(text: str) -> str:
    """A grid of digits, or a row of them, in any digits."""
    return renamed(text, _DIGIT)


def words(text: str) -> str:
    """Words in any order."""
    return " ".join(sorted(text.split()))


def letters_of_words(text: str) -> str:
    """Words whose letters are in any order."""
    return " ".join("".join(sorted(word)) for word in text.split())


def ransom(text: str) -> str:
    """For each letter how often the note and the magazine have it; which letter it is does not matter."""
    note, magazine = (Counter(line.split()[-1]) for line in text.splitlines())
    return str(sorted((note[letter], magazine[letter]) for letter in note | magazine))


def isomorphic(text: str) -> str:
    """Two strings in either order, in any letters."""
    return min(renamed(" ".join(pair), _LETTER) for pair in permutations(text.split()))


def cryptarithm(text: str) -> str:
    """The words to add in any order, the sum behind them, in any letters."""
    *added, total = re.findall(r"[A-Z]+", text)
    return min(renamed(" ".join((*order, total)), _LETTER) for order in permutations(added))


def caesar(text: str) -> str:
    """Shifted so that it begins with A."""
    first = next((ord(c) for c in text if "A" <= c <= "Z"), 0)
    return "".join(chr((ord(c) - first) % 26 + 65) if "A" <= c <= "Z" else c for c in text)


def syllogism(text: str) -> str:
    """Two premises in either order, about anything."""
    *premises, conclusion = re.findall(r"(?:All|No|Some) \w+ are (?:not )?\w+", text)
    return min(renamed(". ".join((*order, conclusion)), _NOUN) for order in permutations(premises))


def knights(text: str) -> str:
    """Whatever they are called, and however it is said: who claims what, with the roles knight and knave."""
    roles = re.search(r"inhabited only by (\w+?)s and (\w+?)s\.", text)
    people = re.search(r"inhabitants: (.+?)\. ", text)
    if not roles or not people:
        return text
    anyone = "|".join(re.findall(r"[A-Z]\w+", people[1]))
    said = text[people.end() : text.rfind(" So who is")]
    for plain, role in zip(("knight", "knave"), roles.groups(), strict=True):
        said = re.sub(rf"\b(?:an?) {role}\b", plain, said, flags=re.IGNORECASE)
    claims = [_claim(found) for found in re.finditer(_CLAIM.format(anyone=rf"\b(?:{anyone})\b"), said)]
    return renamed("; ".join(claims), re.compile(rf"\b(?:{anyone})\b")) if claims else text


def _claim(found: re.Match[str]) -> str:
    content = found["quoted"] or found["said"] or found["told"]
    return f"{found['before'] or found['behind']}: {content.strip(',.')}"


def buttons(text: str) -> str:
    """The lines "A: Add 2 (when any)" in any order, whatever the buttons are called."""
    return "\n".join(sorted(line.partition(": ")[2] for line in text.splitlines()))


def jugs(text: str) -> str:
    """The sizes "A:4, B:9" in any order, and the target behind them."""
    *sizes, target = map(int, re.findall(r"\d+", text))
    return f"{sorted(sizes)} {target}"


def triangle(text: str) -> str:
    """What is asked and the corners in any order, but for the middle one where an angle is asked."""
    asked = next(
        (word for word in ("angle at B", "angle ABC", "orthocenter", "incircle") if word in text), ""
    )
    a, b, c = re.findall(r"=(\(.+?\))", text)[:3]
    return f"angle at {b}: {sorted((a, c))}" if "angle" in asked else f"{asked}: {sorted((a, b, c))}"


def cube(question: str) -> str:
    """In any colours."""
    colours = re.findall(r"- an? (\w+) \w+ side", question)
    return (
        renamed(question, re.compile("|".join(rf"\b{colour}\b" for colour in colours)))
        if colours
        else question
    )


def maze(question: str) -> str:
    """The start, the goal and the board, in any characters."""
    named = "".join(re.findall(r"'(\S)' \((?:start|goal)\)", question))
    return renamed(f"{named}\n{question.split('```')[1].strip()}", _DRAWN)


_CAPITAL = re.compile(r"\b[A-Z][a-z]+\b")
_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"\d")
_DRAWN = re.compile(r"\S")
_NOUN = re.compile(r"\b(?!All\b|No\b|Some\b|are\b|not\b)\w+")
_CLAIM = (
    r'(?P<before>{anyone})[^"\n]{{0,25}}?(?:"(?P<quoted>[^"]+)"|\bthat (?P<told>[^."]+))'
    r'|"(?P<said>[^"]+)"[^"\n]{{0,5}}?(?P<behind>{anyone})'
)
