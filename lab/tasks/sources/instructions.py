"""The `instructions` source: seed instructions for Self-Instruct and Evol-Instruct.

Rows come from JSONL, JSON, CSV, TSV or Parquet files, a folder of them, or a Hub data set. Without a path
they are several hundred diverse instructions that come with the lab. `column` holds the instruction; the text
in column `context` (if set) is appended to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from lab.errors import InputError
from lab.system.files import digest_file
from lab.tasks.base import SourceKind
from lab.tasks.rows import cells
from lab.tasks.rows.tables import DataRow, hub_splits, is_hub_id, local_files, read_file
from lab.tasks.sources.base import SourceEntry, SourceTask

PACKAGED = Path(__file__).parent / "instructions.jsonl"


class Instructions(SourceTask):
    """Seed instructions: your own, or the packaged ones (Apache-2.0)."""

    kind: Literal["instructions"] = "instructions"
    gives: ClassVar[SourceKind] = "instruction"
    path: str = ""
    """A file, a folder, or a Hub id (owner/name); empty uses the packaged instructions."""
    subset: str | None = None
    """Configuration of a Hub data set."""
    column: str = "instruction"
    """Column with the instruction."""
    context: str = ""
    """Column with a text that the instruction is about; the text is added after the instruction. Empty: none.
    """
    family: str = "family"
    """Column with the kind of instruction, if there is one."""
    licence: str = ""
    """Licence of the instructions; it is written into every example."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a path that does not exist."""
        if self.path and not is_hub_id(self.path):
            try:
                local_files(self.path)
            except InputError as error:
                yield "path", str(error)

    def digest_inputs(self) -> dict[str, str]:
        """The packaged or local files; none for a Hub id."""
        if is_hub_id(self.path):
            return {}
        return {str(path) if self.path else path.name: digest_file(path) for path in self._files()}

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return self.licence or ("" if self.path else "Apache-2.0")

    def entries(self) -> Iterator[SourceEntry]:
        """One entry per row. Raises InputError for a missing column, an empty instruction, or if there are no
        rows.
        """
        number = -1
        for number, row in enumerate(self._rows()):
            meta = {"licence": self.terms(), "family": self._family(row)}
            yield SourceEntry(str(number), self._text(row), {k: v for k, v in meta.items() if v})
        if number < 0:
            raise InputError("there are no instructions in it", where=self.path)

    def _family(self, row: DataRow) -> str:
        return cells.optional(row, self.family, "family") if self.family in row.values else ""

    def _files(self) -> list[Path]:
        return local_files(self.path) if self.path else [PACKAGED]

    def _rows(self) -> Iterator[DataRow]:
        if is_hub_id(self.path):
            splits = hub_splits(self.path, self.subset)
            yield from splits.get("train") or [row for rows in splits.values() for row in rows]
        else:
            for path in self._files():
                yield from read_file(path)

    def _text(self, row: DataRow) -> str:
        text = cells.optional(row, self.column, "column").strip()
        if not text:
            raise InputError(f"the instruction (column '{self.column}') is empty", where=row.where)
        behind = cells.optional(row, self.context, "context").strip()
        return f"{text}\n\n{behind}" if behind else text
