"""The `facts` and `capitals` tasks: world facts by popularity, e.g. "What is the currency of Japan?" -> Yen.

Questions about countries, cities and elements, in bands of population (for elements: of how long they have
been known). A small model knows facts about large countries and cities and hallucinates about small ones.
Train and test never share a country or an element (a hash of its code decides). With `phrasings` each fact is
asked in several ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from pydantic import Field

from lab.core.protocols import Checker, Split
from lab.tasks import wordings
from lab.tasks.knowledge.elements import Band
from lab.tasks.knowledge.geography import ANSWER_FORMS, GEONAMES, Fact, Relation, facts
from lab.tasks.knowledge.short_answer import ShortAnswer
from lab.tasks.prompting import Item, Prompted, bucket, chosen_by_hash

K = TypeVar("K")


class GeographyTask(Prompted):
    """Fields that `capitals` and `facts` share."""

    bands: tuple[Band, ...] = Field(default=("large", "medium", "small"), min_length=1)
    """Population bands: countries above 40 million, above 4 million, and others; cities above 1 million,
    above 100,000, and others; elements up to calcium or known by 1750, found by 1869, and later.
    """

    @property
    def checker(self) -> Checker:
        """Short names with aliases (a name inside a short phrase is enough), numbers, symbols."""
        return ShortAnswer()

    def default_instruction(self) -> str:
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def ways(self) -> int:
        """The number of phrasings of each fact."""
        return 1

    def relations_asked(self) -> tuple[Relation, ...]:
        """The relations of the task's questions."""
        return ("capital",)

    def families(self) -> tuple[str, ...]:
        return self.relations_asked()

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return GEONAMES

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All facts of the split's countries and elements in the chosen bands, each in all its phrasings."""
        found = facts(self.relations_asked())
        mine = [fact for fact in found if fact.band in self.bands and split_of(fact) == split]
        return [item for fact in mine for item in phrased(fact_item(fact), self.ways())]


class Capitals(GeographyTask):
    """Capitals of 236 countries and territories: "What is the capital of France?" -> Paris.

    Countries whose capital has the same name (Monaco) are left out, because the question would contain the
    answer.
    """

    kind: Literal["capitals"] = "capitals"


class Facts(GeographyTask):
    """Capitals, currencies, continents, neighbours, the countries of capitals and cities, and elements."""

    kind: Literal["facts"] = "facts"
    relations: tuple[Relation, ...] = Field(
        default=("capital", "country_of_capital", "currency", "continent", "country_of_city"), min_length=1
    )
    """Questions to ask; country_of_city alone has about 29,000, so set `limit`."""
    limit: int | None = Field(default=400, ge=1)
    """Maximum number of problems per split, chosen by `seed`, in equal parts from each relation and band
    where there are enough. null uses all.
    """
    phrasings: int = Field(default=1, ge=1, le=wordings.MOST_PHRASINGS, exclude_if=lambda count: count == 1)
    """Number of ways in which each fact is asked, each a problem of its own. They have the same `fact` in
    their meta and always stay together in a split or a `limit` (which counts problems).
    """

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a wrong wording, and `wording` together with `phrasings`."""
        yield from super().faults()
        if self.phrasings > 1 and self.wording:
            yield "phrasings", "`phrasings` already asks each fact in several wordings: leave `wording` out"

    def ways(self) -> int:
        return self.phrasings

    def relations_asked(self) -> tuple[Relation, ...]:
        return tuple(dict.fromkeys(self.relations))

    def _chosen(self, items: list[Item], split: Split, seed: int) -> list[Item]:
        """Chooses equal parts of each relation and band; otherwise the 29,000 cities, most of them small,
        would dominate.
        """
        if self.limit is None or self.limit < self.ways():
            return super()._chosen(items, split, seed)
        strata: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            strata.setdefault((item.meta["family"], item.meta["band"]), []).append(item)
        each = self.ways()
        sizes = {key: len(found) // each for key, found in strata.items()}
        parts = equal_parts(sizes, self.limit // each + self.few_shot)
        salt = str(self._seed(split, seed))
        kept = {i.key for s, found in strata.items() for i in chosen_by_hash(found, parts[s] * each, salt)}
        return super()._chosen([item for item in items if item.key in kept], split, seed)


def equal_parts(sizes: Mapping[K, int], count: int) -> dict[K, int]:
    """`count` divided as equally as the sizes allow. The remainder goes to the larger ones."""
    parts: dict[K, int] = {}
    for number, key in enumerate(sorted(sizes, key=lambda key: (sizes[key], str(key)))):
        parts[key] = min(sizes[key], (count - sum(parts.values())) // (len(sizes) - number))
    return parts


def split_of(fact: Fact) -> Literal["train", "test"]:
    """The split of the country or element."""
    return "test" if bucket(fact.entity) < 0.5 else "train"


def fact_item(fact: Fact) -> Item:
    """A fact as an item. Its meta has `country` or `element`, and `fact`, the same in every phrasing."""
    meta = {
        "family": fact.relation,
        "template": fact.relation,
        "band": fact.band,
        "difficulty": fact.band,
        "form": ANSWER_FORMS.get(fact.relation, "name"),
        "fact": fact.key,
        "about": about(fact.parts),
    }
    meta |= {"country": fact.country} if fact.country else {"element": fact.subject}
    return Item(fact.key, fact.question, list(fact.answers), fact.answers[0], meta, side=lot_of(fact))


def about(parts: Mapping[str, str]) -> list[str]:
    """The parts of a question that it is about. A continent or currency only narrows the question."""
    return [text for part, text in parts.items() if part not in ("continent", "currency")]


def lot_of(fact: Fact) -> str:
    """The text whose hash decides between dev and train: the country's code, or the element."""
    return fact.country or fact.entity


def phrased(item: Item, count: int) -> list[Item]:
    """The item in its first `count` phrasings. The first is the original question, under the same key."""
    if count == 1:
        return [item]
    family = str(item.meta["family"])
    found = []
    for number, text in enumerate(wordings.phrasings(family)[:count], 1):
        meta = {**item.meta, "phrasing": number, "wording": text}
        key = item.key if number == 1 else f"{item.key}/phrasing-{number}"
        question = wordings.worded(text, item.question, family)
        found.append(
            Item(key, question, item.gold, item.answer, meta, side=item.side, unit=str(item.meta["fact"]))
        )
    return found


ANSWER_FORMAT = "The answer is {answer}."
INSTRUCTION = "Answer in one short sentence."
"""Tried with SmolLM2-135M, 48 training capitals x 4 samples: 0.29 right; "name only" 0.21; none 0.26."""
