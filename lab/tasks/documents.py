"""Documents: a folder or pattern of text, Markdown, HTML and PDF files, cut into passages.

Each passage is one problem without a gold; `meta` says which document it is from. `factbook` is the same
over a corpus that comes with the lab: the CIA World Factbook (760,000 words, public domain), one document for
each chapter on a country.
"""

from __future__ import annotations

import glob
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lab.core.errors import InputError, nearest
from lab.core.files import digest_file
from lab.tasks.readers import SUFFIXES, Text, passages, read
from lab.tasks.readers.factbook import CHAPTERS, chapters
from lab.tasks.source_task import Entry, SourceTask


class DocumentSource(SourceTask):
    """What `documents` and `factbook` share."""

    gives: ClassVar[Literal["document", "instruction", "blank"]] = "document"
    max_words: int = Field(default=200, ge=20)
    """Longest passage in words."""
    min_words: int = Field(default=30, ge=1)
    """Shorter passages are left out: there is nothing to ask about them."""
    overlap: int = Field(default=0, ge=0)
    """Most words that a passage repeats from the one before it, in whole paragraphs."""

    @model_validator(mode="after")
    def _lengths(self) -> DocumentSource:
        if self.overlap >= self.max_words or self.min_words > self.max_words:
            raise ValueError("overlap must be less than max_words, and min_words not more")
        return self

    @abstractmethod
    def texts(self) -> Iterator[tuple[str, Text, str]]:
        """(path or name, unique; what it says; its licence) of each document, in a stable order."""

    def entries(self) -> Iterator[Entry]:
        """The passages of all documents; raises InputError where there is none."""
        found = False
        for path, document, licence in self.texts():
            for number, passage in enumerate(passages(document.text, self.max_words, self.overlap)):
                if len(passage.split()) < self.min_words:
                    continue
                found = True
                meta = {"document": passage, "title": document.title, "path": path, "licence": licence}
                yield Entry(f"{path}#{number}", passage, meta)
        if not found:
            raise InputError(f"'{self.label}': no passage of at least {self.min_words} words in it")


class Documents(DocumentSource):
    """Passages of your own documents: text, Markdown, HTML, PDF."""

    kind: Literal["documents"] = "documents"
    path: str = Field(min_length=1)
    """A file, a folder (searched below too), or a pattern like "notes/**/*.md"."""
    licence: str = ""
    """Licence of the documents, carried along in every example."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """A path where no document is."""
        try:
            self.files()
        except InputError as error:
            yield "path", error.message

    def digest_inputs(self) -> dict[str, str]:
        """The files."""
        return {str(path): digest_file(path) for path in self.files()}

    def files(self) -> list[Path]:
        """The files that can be read, sorted; raises InputError where there is none."""
        path = Path(self.path).expanduser()
        if path.is_file():
            found = [path]
        elif path.is_dir():
            found = list(path.rglob("*"))
        else:
            found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        mine = sorted(f for f in found if f.is_file() and f.suffix.lower() in SUFFIXES and f.name[0] != ".")
        if not mine:
            expected = f"expected files with one of {', '.join(SUFFIXES)}"
            raise InputError(
                f"no document in {self.path}; {expected}" if found else f"nothing at {self.path}"
            )
        return mine

    def texts(self) -> Iterator[tuple[str, Text, str]]:
        """Every file; its name is relative to the folder."""
        root = Path(self.path).expanduser()
        for path in self.files():
            name = path.relative_to(root) if root.is_dir() else path
            yield name.as_posix() if root.is_dir() else _short(path), read(path), self.licence


class Factbook(DocumentSource):
    """Passages of the CIA World Factbook, which comes with the lab (public domain)."""

    kind: Literal["factbook"] = "factbook"
    chapters: tuple[str, ...] = CHAPTERS
    """Which chapters of each country."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """A chapter that there is not."""
        for name in self.chapters:
            if name not in CHAPTERS:
                yield "chapters", f"no chapter '{name}'.{nearest(name, CHAPTERS)}"

    def texts(self) -> Iterator[tuple[str, Text, str]]:
        """One document for each country's chapter."""
        for name, document in chapters(self.chapters):
            yield name, document, "public domain"


def _short(path: Path) -> str:
    """A file's name in ids, without the root."""
    return path.as_posix().lstrip("/")
