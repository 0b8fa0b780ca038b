"""Reads one file as documents: text, Markdown, HTML, PDF, Word, PowerPoint, and JSON, CSV or Parquet records.

HTML is read by trafilatura, PDF by pypdf, Word and PowerPoint by python-docx and python-pptx; each record is
a document of its own. Files are untrusted: markup, scripts and styles of a page never reach a prompt, the
unpacked size of an archive is bounded, and a file that cannot be read gives one message with its name.
Paragraphs are separated by blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import InputError
from lab.system.paths import decoded
from lab.tasks.documents.readers.office import docx, pptx
from lab.tasks.documents.readers.pdf import pdf
from lab.tasks.documents.readers.records import records
from lab.tasks.rows.tables import SUFFIXES as RECORDS


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document's title (never empty) and its text."""

    title: str
    text: str


def read(path: Path, field: str = "") -> Iterator[tuple[str, DocumentText]]:
    """Yields (place in the file, document): one document with the place "", or one for each record of a file
    of records.

    `field` names the field of a record that holds its text. Raises InputError naming the file if it cannot be
    read or has no text.
    """
    suffix, empty = path.suffix.lower(), True
    parts = records(path, field) if suffix in RECORDS else (("", *part) for part in [_READERS[suffix](path)])
    for place, title, text in parts:
        if text.strip():
            empty = False
            name = " ".join(title.split()) or (f"{path.stem} {place}" if place else path.stem)
            yield place, DocumentText(name, text.replace("\r\n", "\n").strip())
    if empty:
        raise InputError("the file contains no text", where=str(path))


def _plain(path: Path) -> tuple[str, str]:
    return "", decoded(path, MOST_BYTES)


def _markdown(path: Path) -> tuple[str, str]:
    text = _FRONT_MATTER.sub("", decoded(path, MOST_BYTES).replace("\r\n", "\n"), count=1)
    heading = _HEADING.search(text)
    return (heading.group(1) if heading else ""), text


def _html(path: Path) -> tuple[str, str]:
    """The main text of the page; all of its text if trafilatura finds no main text (a short page)."""
    import trafilatura

    page = decoded(path, MOST_PAGE)
    if not page.strip():
        return "", ""
    if "<html" not in page.lower():
        page = f"<html><body>{page}</body></html>"
    text = trafilatura.extract(page, include_comments=False) or trafilatura.html2txt(page) or ""
    found = trafilatura.extract_metadata(page)
    return (found.title or "" if found else ""), "\n\n".join(
        line for line in text.splitlines() if line.strip()
    )


MOST_BYTES, MOST_PAGE = 2**28, 2**25
"""Largest file of plain text (256 MiB) and of HTML (32 MiB)."""
_READERS: dict[str, Callable[[Path], tuple[str, str]]] = {
    ".txt": _plain,
    ".text": _plain,
    ".rst": _plain,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": pdf,
    ".docx": docx,
    ".pptx": pptx,
}
SUFFIXES = (*_READERS, *RECORDS)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HEADING = re.compile(r"^#{1,2}\s+(.+?)\s*#*$", re.MULTILINE)
