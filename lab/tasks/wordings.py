"""Rephrases questions: "State the final answer to ...: 3 + 4 =" -> "How much is 3 plus 4?".

A wording is a text with `{question}`, or with parts of the question if its form is known (`{numbers}` of a
gcd), or the name of a set of such texts. The original question still decides the split, the gold and the
checker, so a reworded training question never becomes a test question. Mirzadeh et al. 2024 (GSM-Symbolic,
arXiv 2410.05229) measure how much accuracy depends on the surface form of a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lab.errors import InputError, nearest

_PART = re.compile(r"\{(\w*)\}")
_SIGNS = {"+": "plus", "-": "minus", "*": "times"}

FORMS: Mapping[str, re.Pattern[str]] = {
    family: re.compile(pattern, re.DOTALL)
    for family, pattern in {
        "chain_sum": r"State the final answer to the following arithmetic problem: (?P<expression>.+) =",
        "products": r"Solve the following multiplication: (?P<expression>.+)\. Give only .+",
        "gcd": r"Find the Greatest Common Divisor \(GCD\) of these numbers: (?P<numbers>[^.]+)\. Give .+",
        "lcm": r"Find the Least Common Multiple \(LCM\) of these numbers: (?P<numbers>.+)",
        "letter_counting": r'How many times does the letter "(?P<letter>.)" appear in the text: "(?P<text>.+)"\?',  # noqa: E501
        "capital": r"What is the capital of (?P<country>.+)\?",
        "country_of_capital": r"(?P<city>.+) is the capital of which country\?",
        "currency": r"What is the currency of (?P<country>.+)\?",
        "continent": r"On which continent is (?P<country>.+)\?",
        "country_of_city": r"In which country is the city of (?P<city>.+)\?",
        "neighbour": r"Which country has a land border with (?P<country>.+)\?",
        "capital_in_continent": r"Which country in (?P<continent>.+) has (?P<city>.+) as its capital\?",
        "capital_with_currency": r"Which country has (?P<city>.+) as its capital and the (?P<currency>.+)"
        r" as its currency\?",
        "symbol": r"What is the chemical symbol of (?P<element>.+)\?",
        "atomic_number": r"What is the atomic number of (?P<element>.+)\?",
        "element_of_symbol": r"Which chemical element has the symbol (?P<symbol>.+)\?",
    }.items()
}
"""Family -> the form of its questions; its groups are the parts that a wording may name."""
DERIVED = {"expression": "spelled", "numbers": "listed"}
"""Part -> what is made of it: signs as words "3 plus 4", a list in words ("8, 12 and 20")."""

SETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "rephrased": {
        "chain_sum": (
            "What is {expression}?",
            "Compute {expression}.",
            "Work out the value of {expression}.",
            "Here is a sum for you: {expression}. What does it come to?",
        ),
        "products": (
            "What is {expression}?",
            "Compute {expression}.",
            "Work out the product {expression}.",
            "Multiply and tell me the result: {expression}",
        ),
        "gcd": (
            "What is the greatest common divisor of {listed}?",
            "Compute the GCD of {numbers}.",
            "Which number is the greatest common divisor of {listed}?",
            "The numbers are {listed}. Determine their greatest common divisor.",
        ),
        "lcm": (
            "What is the least common multiple of {listed}?",
            "Compute the LCM of {numbers}.",
            "Which number is the least common multiple of {listed}?",
            "The numbers are {listed}. Determine their least common multiple.",
        ),
        "letter_counting": (
            'Count the letter "{letter}" in this text: "{text}". How many are there?',
            'In "{text}", how often do you find the letter "{letter}"?',
        ),
        "capital": ("Which city is the capital of {country}?", "Name the capital of {country}."),
        "country_of_capital": (
            "Which country has {city} as its capital?",
            "Name the country whose capital is {city}.",
        ),
        "currency": ("Which currency do people use in {country}?", "Name the currency of {country}."),
        "continent": ("Which continent does {country} belong to?", "Name the continent of {country}."),
        "country_of_city": (
            "Which country does the city of {city} belong to?",
            "Name the country in which the city of {city} lies.",
        ),
        "neighbour": ("Which country borders {country} on land?", "Name one land neighbour of {country}."),
        "capital_in_continent": (
            "{city} is the capital of which country in {continent}?",
            "Name the country in {continent} whose capital is {city}.",
        ),
        "capital_with_currency": (
            "In which country is {city} the capital and the {currency} the currency?",
            "Name the country whose capital is {city} and whose currency is the {currency}.",
        ),
        "symbol": (
            "Which symbol stands for {element} in the periodic table?",
            "Name the chemical symbol for {element}.",
        ),
        "atomic_number": (
            "Which atomic number does {element} have?",
            "Give the atomic number of {element}.",
        ),
        "element_of_symbol": (
            "Which element does the symbol {symbol} stand for in the periodic table?",
            "Name the chemical element with the symbol {symbol}.",
        ),
    },
    "varied": {
        "capital": (
            "I would like to know the capital of {country}. Which city is it?",
            "Tell me: {country} has which capital city?",
        ),
        "country_of_capital": (
            "I read that {city} is a capital. Of which country?",
            "Tell me which country is governed from its capital {city}.",
        ),
        "currency": (
            "I am going to {country}. With which currency do people pay there?",
            "Tell me: which money is legal tender in {country}?",
        ),
        "continent": (
            "I am going to {country}. On which continent will I be?",
            "Tell me: {country} is part of which continent?",
        ),
        "country_of_city": (
            "I am going to the city of {city}. To which country am I travelling?",
            "Tell me: the city of {city} lies in which country?",
        ),
        "neighbour": (
            "I am leaving {country} by land. Into which country may I come first?",
            "Tell me one country that shares a land border with {country}.",
        ),
        "capital_in_continent": (
            "I am looking for the country in {continent} that has the capital {city}. Which one is it?",
            "Tell me: in {continent}, {city} is the capital of which country?",
        ),
        "capital_with_currency": (
            "I am looking for the country with the capital {city} and the currency {currency}. Which is it?",
            "Tell me which country pays with the {currency} and has the capital {city}.",
        ),
        "symbol": (
            "I want to write {element} in a chemical formula. Which symbol do I use?",
            "Tell me: chemists write {element} with which symbol?",
        ),
        "atomic_number": (
            "I am looking for {element} in the periodic table. At which atomic number is it?",
            "Tell me how many protons an atom of {element} has.",
        ),
        "element_of_symbol": (
            "I see {symbol} in a chemical formula. Which element is that?",
            "Tell me: which element do chemists write as {symbol}?",
        ),
    },
    "words": {
        "chain_sum": (
            "How much is {spelled}?",
            "What do you get for {spelled}?",
            "Take {spelled}. What number is that?",
        ),
        "products": ("How much is {spelled}?", "What do you get for {spelled}?"),
        "gcd": (
            "What is the largest whole number that divides each of {listed} without a remainder?",
            "Each of {listed} is to be divided by the same whole number with nothing left over. "
            "How large can that number be?",
        ),
        "lcm": (
            "What is the smallest positive whole number that each of {listed} divides without a remainder?",
            "Find the first whole number above zero that is a multiple of each of {listed}.",
        ),
    },
}
"""Name -> family -> texts. `rephrased`: another sentence around the same numbers and terms; `varied`: other
sentences still, as a person may come to the question; `words`: signs and technical terms are said in plain
words too."""
PHRASINGS = ("rephrased", "varied")
MOST_PHRASINGS = 5
"""In how many ways a fact can be asked: as it is, and in the texts of these sets."""


def faults(wording: Sequence[str], families: Sequence[str]) -> Iterator[str]:
    """Yields what is wrong with a task's wordings. `families`: of its problems (() if unknown)."""
    known = _names(families)
    for text in wording:
        names = _PART.findall(text)
        if not names and "{" not in text:
            yield from _set_faults(text, families)
        elif not names:
            yield f"the text {text[:60]!r} does not contain {{question}}"
        elif wrong := [name for name in names if name not in known]:
            why = (
                " Texts with other placeholders need a task with only one kind of question."
                if len(families) > 1
                else ""
            )
            yield f"this task's questions have no part '{{{wrong[0]}}}'.{nearest(wrong[0], known)}{why}"
        elif "question" not in names and not _whole(names, families):
            yield f"{text[:60]!r} leaves out a part of the question: use all of its parts, or {{question}}"


def texts(wording: Sequence[str], family: str) -> tuple[str, ...]:
    """The texts of a task's wordings for one family, without repeats."""
    found = [SETS[w][family] if w in SETS and family in SETS[w] else (w,) for w in wording]
    return tuple(dict.fromkeys(text for group in found for text in group))


def phrasings(family: str) -> tuple[str, ...]:
    """The texts in which a fact of this family can be asked, the original question first."""
    return ("{question}", *texts(PHRASINGS, family))


def worded(text: str, question: str, family: str) -> str:
    """The question in a wording. Raises InputError if the question does not have the form of its family."""
    if {*_PART.findall(text)} == {"question"}:
        return text.replace("{question}", question)
    form = FORMS[family].fullmatch(question)
    if form is None:
        raise InputError(
            f"the question {question[:80]!r} does not have the form of a '{family}' question, "
            f"so this wording cannot be used: {text[:60]!r}"
        )
    parts = {"question": question, **form.groupdict()}
    return _PART.sub(lambda found: parts.get(found[1]) or _made(found[1], parts), text)


def _made(name: str, parts: Mapping[str, str]) -> str:
    """A derived part."""
    if name == "spelled":
        return " ".join(_SIGNS.get(piece, piece) for piece in parts["expression"].split())
    *first, last = [number.strip() for number in parts["numbers"].split(",")]
    return f"{', '.join(first)} and {last}" if first else last


def _set_faults(name: str, families: Sequence[str]) -> Iterator[str]:
    if name not in SETS:
        yield (
            f"there is no wording '{name}'.{nearest(name, SETS)} You can also give a text "
            "that contains {question}."
        )
        return
    for family in families or ("",):
        if family not in SETS[name]:
            those = f"'{family}'" if family else "this task"
            yield f"the wording '{name}' has no text for {those}, only for {', '.join(sorted(SETS[name]))}"


def _names(families: Sequence[str]) -> tuple[str, ...]:
    """The placeholders a text may use: the question, and its parts if all questions have one form."""
    parts = tuple(FORMS[families[0]].groupindex) if len(families) == 1 else ()
    return ("question", *parts, *(DERIVED[part] for part in parts if part in DERIVED))


def _whole(names: Sequence[str], families: Sequence[str]) -> bool:
    """Whether every part of the question is used, as it is or in words."""
    return all(part in names or DERIVED.get(part) in names for part in FORMS[families[0]].groupindex)
