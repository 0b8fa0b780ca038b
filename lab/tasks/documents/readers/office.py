"""Reads Word and PowerPoint files with python-docx and python-pptx.

Both are ZIP archives of XML from untrusted sources, so their unpacked size is checked before anything is
unpacked. Headings and slide titles become Markdown headings; table rows and paragraphs become paragraphs; the
notes of a slide follow it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lab.errors import InputError
from lab.system.paths import regular

MOST_BYTES = 2**28
"""Largest file, and the most that one may unpack to (256 MiB)."""
MOST_MEMBERS = 20_000


def docx(path: Path) -> tuple[str, str]:
    """(title, text) of a Word file. Raises InputError if it cannot be read."""
    return _read(path, _word)


def pptx(path: Path) -> tuple[str, str]:
    """(title, text) of a PowerPoint file. Raises InputError if it cannot be read."""
    return _read(path, _slides)


def _read(path: Path, reader: Callable[[Path], tuple[str, Iterator[str]]]) -> tuple[str, str]:
    _bounded(regular(path, MOST_BYTES))
    try:
        title, paragraphs = reader(path)
        text = "\n\n".join(filter(None, map(str.strip, paragraphs)))
    except Exception as error:  # the libraries raise what their XML and ZIP readers raise
        kind = path.suffix.lower()
        raise InputError(
            f"cannot read the {kind} file: {type(error).__name__}: {error!s:.200}", where=str(path)
        ) from None
    heading = _HEADING.search(text)
    own = str(title or "").strip()
    return (heading.group(1) if heading else "") if own in _NO_TITLES else own, text


def _bounded(path: Path) -> None:
    """Raises InputError for a file that is not a ZIP archive or unpacks to more than MOST_BYTES."""
    kind = path.suffix.lower()
    with path.open("rb") as handle:
        if handle.read(8) == _OLD:
            raise InputError(
                f"encrypted, or in the old Office format: save it as {kind} without a password",
                where=str(path),
            )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"damaged, or not a {kind} file: {error!s:.100}", where=str(path)) from None
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_BYTES or len(members) > MOST_MEMBERS:
        raise InputError(
            f"it has {unpacked / 2**20:,.0f} MiB in {len(members):,} parts when unpacked; "
            f"at most {MOST_BYTES / 2**20:,.0f} MiB in {MOST_MEMBERS:,} parts can be read",
            where=str(path),
        )


def _word(path: Path) -> tuple[str, Iterator[str]]:
    from docx import Document

    document = Document(str(path))
    return document.core_properties.title, _body(document)


def _body(document: Any) -> Iterator[str]:
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from _rows(block)
        else:
            yield f"## {block.text}" if block.text.strip() and _is_heading(block) else block.text


def _is_heading(paragraph: Any) -> bool:
    return str(paragraph.style.name if paragraph.style else "").startswith(("Heading", "Title"))


def _rows(table: Any) -> Iterator[str]:
    """One paragraph for a table: one line per row, cells separated by commas."""
    rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in table.rows]
    yield "\n".join(", ".join(filter(None, cells)) for cells in rows)


def _slides(path: Path) -> tuple[str, Iterator[str]]:
    from pptx import Presentation

    slides = Presentation(str(path))
    return slides.core_properties.title, (text for slide in slides.slides for text in _slide(slide))


def _slide(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    for shape in slide.shapes:
        if getattr(shape, "has_table", False) and shape.has_table:
            yield from _rows(shape.table)
        elif shape.has_text_frame:
            text = "\n".join(p.text for p in shape.text_frame.paragraphs)
            is_title = title is not None and shape.shape_id == title.shape_id
            yield f"## {' '.join(text.split())}" if is_title and text.strip() else text
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield slide.notes_slide.notes_text_frame.text


_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_NO_TITLES = ("", "PowerPoint Presentation", "Word Document")
"""The titles that programs write if there is none."""
_OLD = bytes.fromhex("d0cf11e0a1b11ae1")
"""The first bytes of Office files from before 2007, and of files with a password."""
