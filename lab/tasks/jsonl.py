"""Bring your own questions: JSONL, JSON, CSV, TSV or Parquet files, a folder of them, or a Hub data set.

`columns` says which column is which, `prompt` how a row becomes the question ("{question}", "{context}",
any column by name; nothing else is evaluated). Splits come from `train` and `test` files, from names
like train.jsonl in a folder, from the Hub, or from a hash of the question (`test_fraction`), so that
equal questions land on the same side. The first rows' golds must pass the task's own checker.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from lab.core.component import Component
from lab.core.errors import InputError, nearest
from lab.core.files import digest_file
from lab.core.protocols import Split
from lab.core.types import Problem
from lab.tasks.checkers import CheckerConfig, Text
from lab.tasks.prompting import Item, Prompted, bucket
from lab.tasks.tables import Row, hub_splits, is_hub_id, local_files, read_file, split_files


class Columns(Component):
    """Which column is which."""

    question: str = "question"
    """The question's text (or any part of the prompt)."""
    answer: str = "answer"
    """The gold answer: text, a number, or a list of accepted answers."""
    id: str = ""
    """A unique name per row; empty takes the row's number."""
    family: str = ""
    """What kind of problem it is, for statistics by kind; empty for none."""
    aliases: str = ""
    """More accepted answers: a list, or text parted by "|"."""
    choices: str = ""
    """Options to choose from (a list, or text parted by "|"): `{choices}` in the prompt letters them."""
    solution: str = ""
    """A worked solution, shown in few-shot examples."""


class Jsonl(Prompted):
    """Questions and answers of your own."""

    kind: Literal["jsonl"] = "jsonl"
    path: str = ""
    """A file, a folder, or a Hub id (owner/name). Give this, or `train` and `test`."""
    train: str = ""
    """File or folder of the train split."""
    test: str = ""
    """File or folder of the test split."""
    subset: str | None = None
    """Configuration of a Hub data set ("main")."""
    test_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the rows that go to the test split where the data has no splits of its own."""
    dev_fraction: float = Field(default=0.0, ge=0, lt=1)
    """Share of the train split that is kept apart as dev, for strategies that learn; 0: all is train."""
    columns: Columns = Columns()
    """Which column is which."""
    prompt: str = "{question}"
    """The question's text: column names (or question, answer's siblings as in `columns`) in braces."""
    checker: CheckerConfig = Text()
    """What is right; with `choices` use {kind: choice}."""

    @model_validator(mode="after")
    def _one_source(self) -> Jsonl:
        if bool(self.path) == bool(self.train or self.test):
            raise ValueError("give either `path`, or `train` and/or `test`")
        template_fields(self.prompt)
        return self

    def faults(self) -> Iterable[tuple[str, str]]:
        """A file that is not there, a wording that cannot be."""
        yield from super().faults()
        for field in ("path", "train", "test"):
            source = getattr(self, field)
            if source and not Path(source).exists() and not (field == "path" and is_hub_id(source)):
                yield field, f"no such file or folder: {source}"

    def dev_share(self) -> float:
        """As `dev_fraction` says."""
        return self.dev_fraction

    def default_label(self) -> str:
        return Path(self.path or self.test or self.train).stem.replace(" ", "_") or "jsonl"

    def digest_inputs(self) -> dict[str, str]:
        """The local files; for a Hub id nothing (its own cache keeps it)."""
        sources = [
            s for s in (self.path, self.train, self.test) if s and not (s == self.path and is_hub_id(s))
        ]
        own = {str(path): digest_file(path) for source in sources for path in local_files(source)}
        return own | getattr(self.checker, "digest_inputs", dict)()

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All rows of the split; raises InputError with file:line for what is wrong with them."""
        items = []
        for number, row in self._rows(split):
            items.append(self._item(number, row))
        seen: dict[str, str] = {}
        for item in items:
            if item.key in seen:
                raise InputError(f"the id {item.key!r} is also that of {seen[item.key]}", where=item.where)
            seen[item.key] = item.where
        self._prove(items[:_PROVED])
        return items

    def _rows(self, split: Split) -> list[tuple[int, Row]]:
        """(row number, row) of a split; numbers count the rows of the split's own files, or of all data."""
        given = self._given()
        if "" not in given:
            taken = {self._text(row) for row in given["test"]} if split == "train" else set()
            mine = [(n, row) for n, row in enumerate(given[split]) if self._text(row) not in taken]
            return self._not_empty(mine, split)
        everything = self._not_empty(list(enumerate(given[""])), "whole data")
        in_test = split == "test"
        mine = [(n, r) for n, r in everything if (bucket(self._text(r)) < self.test_fraction) == in_test]
        return self._not_empty(mine, split)

    def _given(self) -> dict[str, list[Row]]:
        """The data's own train and test splits (validation stands in for test), or {"": all rows}."""
        if not self.path:
            return {"train": _read(self.train), "test": _read(self.test)}
        if is_hub_id(self.path):
            splits = hub_splits(self.path, self.subset)
        else:
            files = split_files(local_files(self.path))
            splits = {name: [r for path in paths for r in read_file(path)] for name, paths in files.items()}
        test = splits.get("test") or splits.get("validation")
        if test and splits.get("train"):
            return {"train": splits["train"], "test": test}
        return {"": [row for rows in splits.values() for row in rows]}

    def _not_empty(self, rows: list[tuple[int, Row]], split: str) -> list[tuple[int, Row]]:
        if not rows:
            where = self.path or self.train or self.test
            raise InputError(f"task {self.label}: no rows in the {split} split", where=where)
        return rows

    def _item(self, number: int, row: Row) -> Item:
        gold: Any = self._value(row, self.columns.answer, "columns.answer")
        if self.columns.aliases:
            gold = [gold, *_listed(self._value(row, self.columns.aliases, "columns.aliases"))]
        if self.columns.choices:
            gold = _letter(
                gold, _listed(self._value(row, self.columns.choices, "columns.choices")), row.where
            )
        if gold is None or gold in ("", []):
            raise InputError(f"the answer (column '{self.columns.answer}') is empty", where=row.where)
        shown = str(gold[0]) if isinstance(gold, (list, tuple)) else str(gold)
        key = str(self._value(row, self.columns.id, "columns.id")) if self.columns.id else str(number)
        family = (
            {"family": str(self._value(row, self.columns.family, "columns.family"))}
            if self.columns.family
            else {}
        )
        worked = (
            str(self._value(row, self.columns.solution, "columns.solution")) if self.columns.solution else ""
        )
        return Item(key, self._text(row), gold, shown, family, worked, row.where)

    def _text(self, row: Row) -> str:
        """The question: the template with this row's columns put in."""
        roles = {"question": self.columns.question, "choices": self.columns.choices}
        pieces = []
        for literal, name in template_fields(self.prompt):
            pieces.append(literal)
            if name is None:
                continue
            column = roles.get(name) or name
            value = self._value(row, column, f"prompt {{{name}}}")
            options = name == "choices" and self.columns.choices
            pieces.append(_lettered(_listed(value)) if options else str(value))
        return "".join(pieces)

    def _value(self, row: Row, column: str, role: str) -> Any:
        if column not in row.values:
            raise InputError(
                f"{role}: no column '{column}'.{nearest(column, map(str, row.values))}", where=row.where
            )
        return row.values[column]

    def _prove(self, items: list[Item]) -> None:
        """Golds must pass the checker, written the way an answer is asked for."""
        verdicts = []
        for item in items:
            verdict = self.checker.check(Problem(item.key, (), item.gold, item.meta), self.show(item))
            if verdict.correct is False:
                raise InputError(
                    f"the gold answer {str(item.gold)[:60]!r} does not pass the task's own checker "
                    f"({self.checker.kind}): {verdict.reason}",
                    where=item.where,
                )
            verdicts.append(verdict)
        if verdicts and all(verdict.correct is None for verdict in verdicts):
            raise InputError(f"no gold answer can be scored: {verdicts[0].reason}", where=items[0].where)


def template_fields(template: str) -> list[tuple[str, str | None]]:
    """(literal text, column name or None) pieces of a template; ValueError for anything but `{column}`."""
    pieces: list[tuple[str, str | None]] = []
    for literal, name, format_spec, conversion in string.Formatter().parse(template):
        if name is not None and (not name or format_spec or conversion or set(name) & set(".[]!:")):
            raise ValueError(
                f"prompt: only {{column}} is possible in braces, not {{{name}}}; write {{{{ for a brace"
            )
        pieces.append((literal, name))
    return pieces


def _read(source: str) -> list[Row]:
    return [row for path in local_files(source) for row in read_file(path)] if source else []


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [piece.strip() for piece in value.split("|") if piece.strip()]
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _lettered(options: list[Any]) -> str:
    return "\n".join(
        f"{letter}. {option}" for letter, option in zip(string.ascii_uppercase, options, strict=False)
    )


def _letter(gold: Any, options: list[Any], where: str) -> str:
    """The gold's letter: given as a letter, as an index from 0, or as the option's text."""
    letters = string.ascii_uppercase[: len(options)]
    if str(gold) in [str(option) for option in options]:
        return letters[[str(option) for option in options].index(str(gold))]
    if str(gold).strip().upper() in tuple(letters):
        return str(gold).strip().upper()
    if str(gold).isdigit() and int(str(gold)) < len(options):
        return letters[int(str(gold))]
    raise InputError(f"the answer {str(gold)[:60]!r} is none of the {len(options)} choices", where=where)


_PROVED = 100
