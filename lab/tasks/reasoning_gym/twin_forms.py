"""Canonical forms for reasoning_gym questions that need more than sorted lists (see twins.py).

Each function takes the part of a question that matters and returns one text for all of its twins, which
differ only in an order without meaning or in the names of the same things.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import permutations

from lab.language.operands import ordered, renamed


def expression(text: str) -> str:
    """An expression or equation with its operands sorted."""
    return " = ".join(ordered(side) or side for side in text.split(" = "))


def names(text: str) -> str:
    """Names, numbered in order of appearance."""
    return renamed(text, _CAPITAL)


def digits(text: str) -> str:
    """A grid or row of digits, with the digits renamed."""
    return renamed(text, _DIGIT)


def words(text: str) -> str:
    """Words, sorted."""
    return " ".join(sorted(text.split()))


def letters_of_words(text: str) -> str:
    """Words, with the letters of each sorted."""
    return " ".join("".join(sorted(word)) for word in text.split())


def ransom(text: str) -> str:
    """How often the note and the magazine have each letter, whichever letter it is."""
    note, magazine = (Counter(line.split()[-1]) for line in text.splitlines())
    return str(sorted((note[letter], magazine[letter]) for letter in note | magazine))


def isomorphic(text: str) -> str:
    """Two strings in either order, with letters renamed."""
    return min(renamed(" ".join(pair), _LETTER) for pair in permutations(text.split()))


def cryptarithm(text: str) -> str:
    """The words to add, sorted, then the sum, with letters renamed."""
    *added, total = re.findall(r"[A-Z]+", text)
    return min(renamed(" ".join((*order, total)), _LETTER) for order in permutations(added))


def caesar(text: str) -> str:
    """The text shifted so that it begins with A."""
    first = next((ord(c) for c in text if "A" <= c <= "Z"), 0)
    return "".join(chr((ord(c) - first) % 26 + 65) if "A" <= c <= "Z" else c for c in text)


def syllogism(text: str) -> str:
    """Two premises in either order, with the terms renamed."""
    *premises, conclusion = re.findall(r"(?:All|No|Some) \w+ are (?:not )?\w+", text)
    return min(renamed(". ".join((*order, conclusion)), _NOUN) for order in permutations(premises))


def knights(text: str) -> str:
    """Who claims what, with the roles knight and knave, independent of names and phrasing."""
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
    """The lines "A: Add 2 (when any)", sorted, independent of the buttons' names."""
    return "\n".join(sorted(line.partition(": ")[2] for line in text.splitlines()))


def jugs(text: str) -> str:
    """The sizes "A:4, B:9", sorted, then the target."""
    *sizes, target = map(int, re.findall(r"\d+", text))
    return f"{sorted(sizes)} {target}"


def triangle(text: str) -> str:
    """What is asked, and the corners sorted, except for the middle one if an angle is asked."""
    asked = next(
        (word for word in ("angle at B", "angle ABC", "orthocenter", "incircle") if word in text), ""
    )
    a, b, c = re.findall(r"=(\(.+?\))", text)[:3]
    return f"angle at {b}: {sorted((a, c))}" if "angle" in asked else f"{asked}: {sorted((a, b, c))}"


def cube(question: str) -> str:
    """The question with colours renamed."""
    colours = re.findall(r"- an? (\w+) \w+ side", question)
    return (
        renamed(question, re.compile("|".join(rf"\b{colour}\b" for colour in colours)))
        if colours
        else question
    )


def maze(question: str) -> str:
    """The start, the goal and the board, with characters renamed."""
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
