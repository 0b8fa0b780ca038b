"""Your own questions from JSONL, JSON, CSV, TSV or Parquet files, a folder of them, or a Hub data set.

`columns` says which column is which; `prompt` turns a row into the question ("{question}", "{context}", or
any other column; nothing else is evaluated). Splits come from `train` and `test` files, from file names like
train.jsonl in a folder, from the Hub, or from a hash of the question (`test_fraction`), which puts equal
questions on the same side. The golds of the first rows must pass the task's own checker. A row that its
`answerable` column marks as unanswerable needs no answer: the right answer is an abstention.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from lab.core.component import Component
from lab.core.protocols import Split
from lab.core.types import Problem
from lab.errors import InputError
from lab.language import twins as likely_twins
from lab.language.abstention.reading import I_DO_NOT_KNOW
from lab.system.files import digest_file
from lab.tasks.benchmarks.options import letter_of, lettered, option_meta
from lab.tasks.checkers import CheckerConfig
from lab.tasks.checkers.text import Text
from lab.tasks.checkers.verdicts import judge
from lab.tasks.prompting import Item, Prompted, bucket
from lab.tasks.rows import cells
from lab.tasks.rows.cells import Cuts, bands_of, rising
from lab.tasks.rows.tables import DataRow, hub_splits, is_hub_id, local_files, read_file, split_files


class Columns(Component):
    """Names of the columns."""

    question: str = "question"
    """The text of the question (or any part of the prompt)."""
    answer: str = "answer"
    """The gold answer: text, a number, or a list of accepted answers."""
    id: str = ""
    """A unique name for each row; empty uses the row's number."""
    family: str = ""
    """The kind of problem, for statistics by kind; empty for none."""
    aliases: str = ""
    """Further accepted answers: a list, or texts separated by "|"."""
    choices: str = ""
    """Answer options (a list, or texts separated by "|"); `{choices}` in the prompt shows them with letters.
    """
    incorrect: str = ""
    """Wrong answers (a list, or texts separated by "|"), which the checker {kind: closer} compares with."""
    solution: str = ""
    """A worked solution, shown in few-shot examples."""
    answerable: str = ""
    """Whether there is an answer at all (true or false, 1 or 0, yes or no); a row without one needs no
    answer.
    """
    band: str = ""
    """How well known it is, for reports by band: names, or numbers that `bands` divides into bands."""
    pair: str = ""
    """Links rows that belong together, such as an unanswerable question and its answerable twin."""
    cluster: str = ""
    """Rows with the same value are not independent (for example from one source): intervals are over these
    clusters.
    """


class Jsonl(Prompted):
    """Your own questions and answers."""

    kind: Literal["jsonl"] = "jsonl"
    path: str = ""
    """A file, a folder, or a Hub id (owner/name). Set this, or `train` and `test`."""
    train: str = ""
    """File or folder with the train split."""
    test: str = ""
    """File or folder with the test split."""
    licence: str = ""
    """Licence of the data (cc-by-4.0, or any name), for the card of a corpus made from it."""
    subset: str | None = None
    """Configuration of a Hub data set ("main")."""
    test_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the rows used as test split if the data has no splits. Equal questions are on one side, and
    so are those that differ in the order of their numbers alone (likely_twins.py)."""
    dev_fraction: float = Field(default=0.0, ge=0, lt=1)
    """Share of the train split set aside as dev problems, for strategies that learn; 0: none."""
    columns: Columns = Columns()
    """Names of the columns."""
    bands: Cuts = 3
    """How the numbers of the band column are divided: into this many parts of equal size over all rows, or at
    these edges, such as [100, 10000].
    """
    prompt: str = "{question}"
    """The text of the question, with column names (question, or others of `columns`) in braces."""
    checker: CheckerConfig = Text()
    """How answers are checked; with `choices` use {kind: choice}."""

    @model_validator(mode="after")
    def _one_source(self) -> Jsonl:
        if bool(self.path) == bool(self.train or self.test):
            raise ValueError("set either `path`, or `train` and/or `test`")
        template_fields(self.prompt)
        rising(self.bands)
        if self.bands != type(self).model_fields["bands"].default and not self.columns.band:
            raise ValueError("`bands` divides the values of a column: name it with `columns.band`")
        return self

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a file that does not exist, and any wrong wording."""
        yield from super().faults()
        for field in ("path", "train", "test"):
            source = getattr(self, field)
            if source and not (field == "path" and is_hub_id(source)):
                try:
                    local_files(source)
                except InputError as error:
                    yield field, str(error)

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return self.licence

    def dev_share(self) -> float:
        """The share of the train split that is set aside as dev problems: `dev_fraction`."""
        return self.dev_fraction

    def dev_fault(self) -> str:
        """Why there are no dev problems: `dev_fraction` is 0, or there is no train split."""
        if self.test and not self.train:
            return (
                "there are no dev problems, because they come from the train side: set "
                "`train` as well as `test`"
            )
        return super().dev_fault()

    def default_label(self) -> str:
        return Path(self.path or self.test or self.train).stem.replace(" ", "_") or "jsonl"

    def digest_inputs(self) -> dict[str, str]:
        """The local files; none for a Hub id."""
        sources = [
            s for s in (self.path, self.train, self.test) if s and not (s == self.path and is_hub_id(s))
        ]
        own = {str(path): digest_file(path) for source in sources for path in local_files(source)}
        return own | self.checker.digest_inputs()

    def items(self, split: Literal["train", "test"], seed: int, count: int | None) -> list[Item]:
        """All rows of the split. Raises InputError with file:line for wrong data."""
        given = self._given()
        rows, bands = self._rows(split, given), self._bands(given)
        items = [self._item(number, row, bands.get(row.where)) for number, row in rows]
        seen: dict[str, str] = {}
        for item in items:
            if item.key in seen:
                raise InputError(f"the id {item.key!r} is already used by {seen[item.key]}", where=item.where)
            seen[item.key] = item.where
        self._prove(items[:_PROVED])
        return items

    def _bands(self, given: Mapping[str, list[DataRow]]) -> dict[str, str | None]:
        """{place of a row: its band}. Train and test have the same bands."""
        if not self.columns.band:
            return {}
        rows = [row for part in given.values() for row in part]
        found = bands_of(rows, self.columns.band, "columns.band", self.bands)
        return {row.where: band for row, band in zip(rows, found, strict=True)}

    def _rows(self, split: Split, given: Mapping[str, list[DataRow]]) -> list[tuple[int, DataRow]]:
        """(row number, row) pairs of a split. Numbers count the rows of the split's own files, or of all
        data.
        """
        if "" not in given:
            taken = {self._text(row) for row in given["test"]} if split == "train" else set()
            mine = [(n, row) for n, row in enumerate(given[split]) if self._text(row) not in taken]
            return self._not_empty(mine, split)
        everything = self._not_empty(list(enumerate(given[""])), "whole data")
        in_test = split == "test"
        lots = ((n, row, bucket(likely_twins.key(self._text(row)))) for n, row in everything)
        mine = [(n, row) for n, row, lot in lots if (lot < self.test_fraction) == in_test]
        return self._not_empty(mine, split)

    def _given(self) -> dict[str, list[DataRow]]:
        """The data's own train and test splits (validation replaces a missing test), or {"": all rows}."""
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

    def _not_empty(self, rows: list[tuple[int, DataRow]], split: str) -> list[tuple[int, DataRow]]:
        if not rows:
            where = self.path or self.train or self.test
            raise InputError(f"task {self.label}: there are no rows in the {split} split", where=where)
        return rows

    def _item(self, number: int, row: DataRow, band: str | None) -> Item:
        columns, text = self.columns, self._text(row)
        meta = self._meta(row, band, text)
        gold, shown = self._gold(row, meta)
        key = cells.text(row, columns.id, "columns.id") if columns.id else str(number)
        worked = cells.optional(row, columns.solution, "columns.solution")
        worked = worked if gold is not None else ""
        return Item(key, text, gold, shown, meta, worked, row.where, same=likely_twins.key(text))

    def _meta(self, row: DataRow, band: str | None, text: str) -> dict[str, Any]:
        """The meta of a row that asks `text`, from the other columns."""
        columns = self.columns
        meta: dict[str, Any] = {} if band is None else {"band": band}
        for name in ("family", "pair", "cluster"):
            if found := cells.optional(row, getattr(columns, name), f"columns.{name}"):
                meta[name] = found
        if columns.answerable:
            value = cells.cell(row, columns.answerable, "columns.answerable")
            meta["answerable"] = cells.truth(value, "columns.answerable", row.where)
        if columns.incorrect:
            meta["incorrect"] = cells.entries(row, columns.incorrect, "columns.incorrect")
        if columns.choices:
            options = cells.entries(row, columns.choices, "columns.choices")
            shown = all(option in text for option in options)
            meta |= option_meta(options, shown=shown, where=row.where)
        return meta

    def _gold(self, row: DataRow, meta: Mapping[str, Any]) -> tuple[Any, str]:
        """(gold, the answer to show): None and an abstention if the question has no answer."""
        if meta.get("answerable") is False:
            return None, I_DO_NOT_KNOW
        gold = self._answer(row)
        if self.columns.aliases:
            more = cells.entries(row, self.columns.aliases, "columns.aliases")
            gold = [*(gold if isinstance(gold, list) else [gold]), *more]
        if self.columns.choices:
            letter = letter_of(gold, meta["options"], row.where)
            at = meta["option_labels"].index(letter)
            return letter, letter if meta["options_shown"] else meta["options"][at]
        return gold, str(gold[0]) if isinstance(gold, list) else str(gold)

    def _answer(self, row: DataRow) -> Any:
        """The answer cell: text, a number, or a list of texts. Raises InputError for anything else."""
        column, role = self.columns.answer, "columns.answer"
        value = cells.cell(row, column, role)
        if isinstance(value, (list, tuple)) and value:
            return cells.entries(row, column, role)
        if value in ("", []) or cells.missing(value):
            raise InputError(f"the answer (column '{column}') is empty", where=row.where)
        written = cells.text(row, column, role)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else written

    def _text(self, row: DataRow) -> str:
        """The question: the template with the columns of this row."""
        roles = {"question": self.columns.question, "choices": self.columns.choices}
        pieces = []
        for literal, name in template_fields(self.prompt):
            pieces.append(literal)
            if name is None:
                continue
            column, role = roles.get(name) or name, f"prompt {{{name}}}"
            if name == "choices" and self.columns.choices:
                pieces.append(lettered(cells.entries(row, column, role)))
            elif name == "question" or cells.cell(row, column, role) != "":
                pieces.append(self._part(row, column, role))
        return "".join(pieces)

    def _part(self, row: DataRow, column: str, role: str) -> str:
        """A cell as part of the prompt. The entries of a list are separated by commas."""
        if isinstance(cells.cell(row, column, role), (list, tuple)):
            return ", ".join(cells.entries(row, column, role))
        return cells.text(row, column, role)

    def _prove(self, items: list[Item]) -> None:
        """Raises InputError if the checker does not accept the golds, written in the answer format."""
        verdicts = []
        for item in items:
            hidden = item.meta.get("options_shown") is False
            text = str(item.gold) if hidden and item.gold else self.show(item)
            verdict = judge(self.checker, Problem(item.key, (), item.gold, item.meta), text)
            if verdict.correct is False:
                raise InputError(
                    f"the gold answer {str(item.gold)[:60]!r} is not accepted by the task's "
                    f"own checker ({self.checker.kind}): {verdict.reason}",
                    where=item.where,
                )
            verdicts.append(verdict)
        if verdicts and all(verdict.correct is None for verdict in verdicts):
            raise InputError(
                f"none of the gold answers can be checked: {verdicts[0].reason}", where=items[0].where
            )


def template_fields(template: str) -> list[tuple[str, str | None]]:
    """(literal text, column name or None) pieces of a template. Raises ValueError for anything but
    `{column}`.
    """
    pieces: list[tuple[str, str | None]] = []
    for literal, name, format_spec, conversion in string.Formatter().parse(template):
        if name is not None and (not name or format_spec or conversion or set(name) & set(".[]!:")):
            raise ValueError(
                f"prompt: only {{column}} is allowed in braces, not {{{name}}}; write "
                "{{ for a literal brace"
            )
        pieces.append((literal, name))
    return pieces


def _read(source: str) -> list[DataRow]:
    return [row for path in local_files(source) for row in read_file(path)] if source else []


_PROVED = 100
