"""World facts by how well known they are: "What is the currency of Japan?" -> Yen.

Questions about countries and cities, in bands of population: large ones a small model knows,
small ones it makes up. Train and test never share a country (a hash of its code decides).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.core.protocols import Checker
from lab.tasks.checkers.text import Text
from lab.tasks.geography import Band, Fact, Relation, facts
from lab.tasks.prompting import Item, Prompted, bucket


class GeographyTask(Prompted):
    """What `capitals` and `facts` share."""

    bands: tuple[Band, ...] = Field(default=("large", "medium", "small"), min_length=1)
    """Population bands: countries over 40 and 4 million, and the rest; cities over 1 million and 100,000."""

    @property
    def checker(self) -> Checker:
        """Short names with aliases; a name inside a short phrase is enough."""
        return Text(within=True)

    def default_instruction(self) -> str:
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def relations_asked(self) -> tuple[Relation, ...]:
        """The relations of the task's questions."""
        return ("capital",)

    def families(self) -> tuple[str, ...]:
        return self.relations_asked()

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All facts of the split's countries in the wanted bands."""
        return [
            _item(fact)
            for fact in facts(self.relations_asked())
            if fact.band in self.bands and (bucket(f"country {fact.country}") < 0.5) == (split == "test")
        ]


class Capitals(GeographyTask):
    """Capitals of 246 countries and territories: "What is the capital of France?" -> Paris."""

    kind: Literal["capitals"] = "capitals"


class Facts(GeographyTask):
    """Capitals, currencies, continents, and the countries of capitals and cities."""

    kind: Literal["facts"] = "facts"
    relations: tuple[Relation, ...] = Field(
        default=("capital", "country_of_capital", "currency", "continent", "country_of_city"), min_length=1
    )
    """Which questions to ask; country_of_city has some 25,000, so set `limit`."""
    limit: int | None = Field(default=400, ge=1)
    """At most this many problems of a split, chosen by `seed`; null takes all."""

    def relations_asked(self) -> tuple[Relation, ...]:
        return tuple(dict.fromkeys(self.relations))


def _item(fact: Fact) -> Item:
    key = f"{fact.relation}-{fact.subject}"
    meta = {"family": fact.relation, "template": fact.relation, "band": fact.band, "difficulty": fact.band}
    return Item(key, fact.question, list(fact.answers), fact.answers[0], meta | {"country": fact.country})


ANSWER_FORMAT = "The answer is {answer}."
INSTRUCTION = "Answer in one short sentence."
"""Tried with SmolLM2-135M, 48 training capitals x 4 samples: 0.29 right; "name only" 0.21; none 0.26."""
