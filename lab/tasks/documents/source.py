"""The `documents` and `factbook` sources: passages of your own files, or of the CIA World Factbook.

Each passage is one problem without a gold; its `meta` says which document it is from. Files that cannot be
read (another kind, damaged, encrypted) are skipped; `skipped` gives the reason for each, and no file is
skipped silently. The World Factbook (760,000 words, public domain) comes with the lab, with one document for
each chapter on a country.
"""

from __future__ import annotations

import glob
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lab.errors import InputError, nearest
from lab.system.files import digest_file
from lab.system.paths import oddity, path_of
from lab.tasks.base import SourceKind, TaskBase
from lab.tasks.documents.readers import SUFFIXES, DocumentText, passages, read
from lab.tasks.documents.readers.factbook import CHAPTERS, chapters
from lab.tasks.documents.readers.passages import count_words
from lab.tasks.sources.base import SourceEntry, SourceTask


class DocumentSource(SourceTask):
    """Fields that `documents` and `factbook` share."""

    gives: ClassVar[SourceKind] = "document"
    max_words: int = Field(default=200, ge=20)
    """Maximum length of a passage in words; two Chinese or Japanese characters count as one word."""
    min_words: int = Field(default=30, ge=1)
    """Minimum length of a passage in words; shorter ones are left out, because there is nothing to ask about
    them.
    """
    overlap: int = Field(default=0, ge=0)
    """Maximum number of words that a passage repeats from the one before it, in whole paragraphs."""

    @model_validator(mode="after")
    def _lengths(self) -> DocumentSource:
        if self.overlap >= self.max_words or self.min_words > self.max_words:
            raise ValueError("overlap must be less than max_words, and min_words at most max_words")
        return self

    def passages(self, text: str) -> tuple[str, ...]:
        """The passages of a document, including those that are too short."""
        return _cut(text, self.max_words, self.overlap)

    @abstractmethod
    def texts(self) -> Iterator[tuple[str, DocumentText, str]]:
        """Yields (unique path or name, document, licence) in a stable order."""

    def entries(self) -> Iterator[SourceEntry]:
        """The passages of all documents. Raises InputError if there is none."""
        found = False
        for path, document, licence in self.texts():
            for number, passage in enumerate(self.passages(document.text)):
                if count_words(passage) < self.min_words:
                    continue
                found = True
                meta = {"document": passage, "title": document.title, "path": path, "licence": licence}
                yield SourceEntry(f"{path}#{number}", passage, meta)
        if not found:
            raise InputError(f"'{self.label}': no passage has at least {self.min_words} words (min_words)")


class Documents(DocumentSource):
    """Passages of your own documents: text, Markdown, HTML, PDF, Word, PowerPoint, JSON and CSV records."""

    kind: Literal["documents"] = "documents"
    path: str = Field(min_length=1)
    """A file, a folder (including its subfolders), or a pattern such as "notes/**/*.md"."""
    field: str = ""
    """For JSON, CSV and Parquet records: the field with the text; empty uses text, content, body, ..."""
    licence: str = ""
    """Licence of the documents (cc-by-4.0, or any name); it is written into every example and on the card."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields a path without documents."""
        try:
            self.files()
        except InputError as error:
            yield "path", str(error)

    def digest_inputs(self) -> dict[str, str]:
        """The files."""
        return {str(path): digest_file(path) for path in self.files()}

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return self.licence

    def files(self) -> list[Path]:
        """The files of a supported kind, sorted. Raises InputError if there is none."""
        found = self._found()
        mine = sorted(path for path in found if not _unreadable(path))
        if mine:
            return mine
        if not found:
            raise InputError(f"there is no file or folder {self.path}")
        why = "; ".join(f"{self._name(path)}: {_unreadable(path)}" for path in sorted(found)[:3])
        raise InputError(
            f"there is no document in {self.path} ({why}); expected files that end in one of "
            f"{', '.join(SUFFIXES)}"
        )

    def skipped(self) -> dict[str, str]:
        """Files that are skipped: of another kind, damaged, encrypted, empty, too large or too short. Hidden
        files are not considered.
        """
        reasons = {path: _unreadable(path) or _reason(path, self) for path in self._found()}
        return {self._name(path): why for path, why in sorted(reasons.items()) if why}

    def texts(self) -> Iterator[tuple[str, DocumentText, str]]:
        """Every document; names are relative to the folder. Raises InputError if no file can be read."""
        faults: list[str] = []
        files = self.files()
        for path in files:
            try:
                for place, document in _documents(path, self):
                    yield f"{self._name(path)}:{place}" if place else self._name(path), document, self.licence
            except InputError as error:
                faults.append(str(error))
        if len(faults) == len(files):
            raise InputError(f"'{self.label}': none of its files can be read: {'; '.join(faults[:3])}")

    def _found(self) -> list[Path]:
        """All files at the path, except hidden ones."""
        path = path_of(self.path)
        if path.is_dir():
            found = list(path.rglob("*"))
        elif path.exists():
            return [path]
        else:
            found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        root = path if path.is_dir() else Path()
        return [f for f in found if not f.is_dir() and not _hidden(f, root)]

    def _name(self, path: Path) -> str:
        """A file's name: relative to the folder, else without the root."""
        root = path_of(self.path)
        return path.relative_to(root).as_posix() if root.is_dir() else path.as_posix().lstrip("/")


class Factbook(DocumentSource):
    """Passages of the CIA World Factbook, which comes with the lab (public domain)."""

    kind: Literal["factbook"] = "factbook"
    chapters: tuple[str, ...] = CHAPTERS
    """Chapters of each country to use."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields chapters that do not exist."""
        for name in self.chapters:
            if name not in CHAPTERS:
                yield "chapters", f"there is no chapter '{name}'.{nearest(name, CHAPTERS)}"

    def terms(self) -> str:
        """The licence of the data; "" if it is not known."""
        return "public domain"

    def texts(self) -> Iterator[tuple[str, DocumentText, str]]:
        """One document for each chapter of a country."""
        for name, document in chapters(self.chapters):
            yield name, document, "public domain"


def left_out(task: TaskBase) -> str:
    """One line about the files that a task skips, the first few by name; "" if there are none."""
    found = task.skipped()
    if not found:
        return ""
    named = ", ".join(f"{name} ({why})" for name, why in list(found.items())[:NAMED])
    more = f", and {len(found) - NAMED} more" if len(found) > NAMED else ""
    files = "1 file" if len(found) == 1 else f"{len(found)} files"
    return f"{task.label}: skipped {files}: {named}{more}"


NAMED = 5
"""How many files a line names."""


def _hidden(path: Path, root: Path) -> bool:
    """Whether the file or a folder below the root begins with a dot, or is an office program's lock file."""
    parts = path.relative_to(root).parts if root != Path() else (path.name,)
    return any(part.startswith((".", "~$")) for part in parts)


def _unreadable(path: Path) -> str:
    """Why a file cannot be read, as far as known before opening it; "" if it may be readable."""
    if reason := oddity(path):
        return reason
    return "" if path.suffix.lower() in SUFFIXES else f"'{path.suffix or path.name}' files are not supported"


@lru_cache(maxsize=1)
def _cut(text: str, max_words: int, overlap: int) -> tuple[str, ...]:
    """The passages of the text just read, cached because their lengths are checked before they are used."""
    return tuple(passages(text, max_words, overlap))


def _documents(path: Path, task: Documents) -> Iterator[tuple[str, DocumentText]]:
    """The documents of `read`. Records the reason if the file cannot be used."""
    key, long = _state(path, task), False
    try:
        for place, document in read(path, task.field):
            long = long or any(count_words(p) >= task.min_words for p in task.passages(document.text))
            yield place, document
    except InputError as error:
        _REASONS[key] = error.message
        raise
    _REASONS[key] = "" if long else f"shorter than min_words ({task.min_words} words)"


def _reason(path: Path, task: Documents) -> str:
    """Why a file cannot be used; "" if it can. A file that was read before is not read again."""
    key = _state(path, task)
    if key not in _REASONS:
        with suppress(InputError):
            deque(_documents(path, task), maxlen=0)
    return _REASONS[key]


def _state(path: Path, task: Documents) -> tuple[object, ...]:
    state = path.stat()
    cut = (task.field, task.min_words, task.max_words, task.overlap)
    return path, *cut, state.st_size, state.st_mtime_ns


_REASONS: dict[tuple[object, ...], str] = {}
"""What is known of the files read so far."""
