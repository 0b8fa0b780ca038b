"""The `grounded` task: questions to be answered from a passage of the World Factbook.

The value is in one entry of the passage that has a regular form (readers/fields.py), and the checker compares
with it. With `conflict` the passage is edited to state another country's value. Then the value in the passage
is right; the true value, which the model may remember, is in `meta["memory"]`. Longpre et al. 2021
(arXiv:2109.05052) and Zhou et al. 2023 (arXiv:2303.11315) measure faithfulness to the passage in this way.
With `absent` the entry is removed and no other entry mentions the value; then abstaining is right. The
variants of a question share `pair`. Train and test never share a country, edited values included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from lab.core.protocols import Checker, Split
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.language.normalise import normalise
from lab.tasks.documents.readers.fields import FIELDS, FieldName, by_domain
from lab.tasks.knowledge.elements import Band
from lab.tasks.knowledge.facts import ANSWER_FORMAT
from lab.tasks.knowledge.geography import band_of, countries, currency_names, facts, with_article
from lab.tasks.knowledge.premises import split_of_entity
from lab.tasks.knowledge.short_answer import ShortAnswer
from lab.tasks.prompting import Item, Prompted, bucket

Variant = Literal["as_written", "conflict", "absent"]


class Grounded(Prompted):
    """A passage of the World Factbook and a question about a value in it."""

    kind: Literal["grounded"] = "grounded"
    fields: tuple[FieldName, ...] = Field(default=tuple(FIELDS), min_length=1)
    """Values to ask for."""
    conflict: bool = False
    """Also ask with a passage that states another value; the true one is in the meta as `memory`."""
    absent: bool = False
    """Also ask with a passage from which the value is removed: the right answer is to abstain."""
    twins: bool = True
    """Also ask each question with the original passage."""
    bands: tuple[Band, ...] = Field(default=("large", "medium", "small"), min_length=1)
    """Population bands: countries above 40 million people, above 4 million, and others."""
    max_words: int = Field(default=120, ge=40)
    """Maximum length of a passage in words."""
    limit: int | None = Field(default=400, ge=1)
    """Maximum number of problems per split; the forms of one question stay together. null uses all."""

    @model_validator(mode="after")
    def _something(self) -> Grounded:
        if not self.twins and not (self.conflict or self.absent):
            raise ValueError("without `twins`, set `conflict` or `absent`: otherwise there are no questions")
        return self

    @property
    def checker(self) -> Checker:
        """Names with aliases, and numbers."""
        return ShortAnswer()

    def default_instruction(self) -> str:
        return INSTRUCTION

    def default_format(self) -> str:
        return ANSWER_FORMAT

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return "public domain"

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All questions about the split's countries, each in the chosen variants."""
        wanted: list[Variant] = ["as_written"] if self.twins else []
        wanted += ["conflict"] if self.conflict else []
        wanted += ["absent"] if self.absent else []
        found: list[Item] = []
        for name in dict.fromkeys(self.fields):
            for value in values(name):
                if value.band in self.bands and (value.split == "test") == (split == "test"):
                    found += self._forms(value, wanted)
        return found

    def _forms(self, value: FactbookValue, wanted: Sequence[Variant]) -> list[Item]:
        """The question in each variant; [] if `conflict` needs another value and there is none."""
        other = _other(value) if "conflict" in wanted else None
        if "conflict" in wanted and other is None:
            return []
        around = value.around(self.max_words, other)
        items = [self._item(value, variant, around, other) for variant in wanted]
        return items if len(items) < 2 else [replace(item, unit=value.key) for item in items]

    def _item(
        self,
        value: FactbookValue,
        variant: Variant,
        around: tuple[list[str], list[str]],
        other: FactbookValue | None,
    ) -> Item:
        said = other if variant == "conflict" and other else value
        entry = [] if variant == "absent" else [value.stating(said)]
        passage = "\n\n".join([*around[0], *entry, *around[1]])
        meta: dict[str, Any] = {
            "family": value.name,
            "template": value.name,
            "band": value.band,
            "difficulty": value.band,
            "form": "number" if FIELDS[value.name].number else "name",
            "country": value.country,
            "pair": value.key,
            "variant": variant,
            "answerable": variant != "absent",
            "document": passage,
            "licence": self.terms(),
        }
        if variant == "conflict":
            meta["memory"] = list(value.answers)
        question = PROMPT.format(title=value.title, passage=passage, question=value.question)
        gold = None if variant == "absent" else list(said.answers)
        answer = I_DO_NOT_KNOW if variant == "absent" else said.text
        return Item(f"{value.key}/{variant}", question, gold, answer, meta, side=value.country)


@dataclass(frozen=True, slots=True)
class FactbookValue:
    """A value that the Factbook states about a country: `text` as written in `entry`, and all accepted
    `answers`.

    `code` is the code of a currency. `others` are the chapter's other entries that do not mention the value,
    in order; the first `before` of them come before the entry.
    """

    name: FieldName
    country: str
    title: str
    question: str
    band: Band
    text: str
    answers: tuple[str, ...]
    code: str
    entry: str
    others: tuple[str, ...]
    before: int

    @property
    def key(self) -> str:
        """Unique: the field and the country's code."""
        return f"{self.name}-{self.country}"

    @property
    def split(self) -> Split:
        """The split of the country."""
        return split_of_entity(f"country {self.country}", self.country)

    def stating(self, other: FactbookValue) -> str:
        """The entry with another value in it (and its code, for a currency)."""
        entry = self.entry.replace(self.text, other.text, 1)
        return entry.replace(f"({self.code})", f"({other.code})") if self.code else entry

    def around(self, max_words: int, other: FactbookValue | None) -> tuple[list[str], list[str]]:
        """The entries before and after it that fit into a passage, taken nearest first. None of them mentions
        the other value.
        """
        left = [p for p in reversed(self.others[: self.before]) if other is None or not _mentions(p, other)]
        right = [p for p in self.others[self.before :] if other is None or not _mentions(p, other)]
        room = max_words - len(self.entry.split())
        before: list[str] = []
        after: list[str] = []
        for side, kept in ((left[:NEAR], before), (right[:NEAR], after)):
            share = room // 2 if kept is before else room
            for paragraph in side:
                words = len(paragraph.split())
                if words <= share:
                    kept.append(paragraph)
                    share, room = share - words, room - words
        return before[::-1], after


@cache
def values(name: FieldName) -> tuple[FactbookValue, ...]:
    """The values of a field that are stated in its regular form, by country code."""
    field = FIELDS[name]
    found = []
    for country in countries():
        book = by_domain().get(country["tld"])
        match = book and field.read(book[field.chapter].get(field.entry, ""))
        if book and match:
            head = f"{field.entry}: {match.string[: match.end()]}"
            code = match.groupdict().get("code", "")
            answers = _answers(name, country, match["value"], code)
            others, before = _others(book[field.chapter], field.entry, answers)
            found.append(
                FactbookValue(
                    name=name,
                    country=country["iso"],
                    title=f"The World Factbook on {with_article(country)}, {field.chapter}",
                    question=field.question.format(country=with_article(country)),
                    band=band_of(country),
                    text=match["value"],
                    answers=answers,
                    code=code,
                    entry=head,
                    others=others,
                    before=before,
                )
            )
    return tuple(found)


def _others(chapter: Mapping[str, str], entry: str, answers: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """(the other entries that mention no answer, how many of them come before the entry)."""
    kept: list[str] = []
    before = 0
    for heading, text in chapter.items():
        if heading == entry:
            before = len(kept)
        elif not any(_stands(answer, text) for answer in answers):
            kept.append(f"{heading}: {text}")
    return tuple(kept), before


def _mentions(paragraph: str, value: FactbookValue) -> bool:
    return any(_stands(answer, paragraph) for answer in value.answers)


def _stands(answer: str, text: str) -> bool:
    """Whether the words of the answer occur in the text."""
    return f" {_plain(answer)} " in f" {_plain(text)} "


@cache
def _plain(text: str) -> str:
    """Normalised text. Cached, because the same entries are searched for many values."""
    return normalise(text)


def _answers(name: FieldName, country: Mapping[str, Any], text: str, code: str) -> tuple[str, ...]:
    """Further accepted answers: other names of a capital; the singular and the code of a currency."""
    if name == "capital":
        known = next((fact.answers for fact in facts(("capital",)) if fact.country == country["iso"]), ())
        same = known if normalise(text) in map(normalise, known) else ()
        return tuple(dict.fromkeys((text, *same)))
    if name == "currency":
        singular = (text.removesuffix("s"),) if text.endswith("s") else ()
        table = country["currencyname"]
        same = (table, *currency_names(table)) if code == country["currencycode"] and table else ()
        return tuple(dict.fromkeys((text, *singular, code, *same)))
    return (text,)


def _other(value: FactbookValue) -> FactbookValue | None:
    """Another country's value in the same split that is clearly different: no answer in common, or numbers at
    least a tenth apart.
    """
    able = [other for other in values(value.name) if other.split == value.split]
    start = int(bucket(f"conflict {value.key}") * len(able))
    turned = (able[(start + i) % len(able)] for i in range(len(able)))
    return next((other for other in turned if _differ(value, other)), None)


def _differ(one: FactbookValue, other: FactbookValue) -> bool:
    if FIELDS[one.name].number:
        a, b = (float(value.text.replace(",", "")) for value in (one, other))
        return abs(a - b) > 0.1 * max(a, b)
    return not any(_stands(a, b) or _stands(b, a) for a in one.answers for b in other.answers)


NEAR = 4
"""At most so many entries before and after."""
PROMPT = "{title}:\n\n{passage}\n\nAccording to this passage: {question}"
INSTRUCTION = "Answer in one short sentence. If the passage does not say it, answer: I don't know."
