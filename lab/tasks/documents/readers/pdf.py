"""Reads the text of PDF files with pypdf, with limits, because a small untrusted file can unpack to a huge
one.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from lab.errors import InputError
from lab.system.paths import regular

MOST_BYTES = 2**28
MOST_CHARACTERS = 50_000_000
MOST_SECONDS = 300.0
"""How long the pages of one file may take; a single page is never interrupted."""


def pdf(path: Path) -> tuple[str, str]:
    """(title, text). Raises InputError for a file that is damaged, encrypted or has no text."""
    from pypdf import PdfReader

    try:
        reader = PdfReader(regular(path, MOST_BYTES))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError("encrypted: save the PDF without a password", where=str(path))
        text = _pages(reader, path)
        title = reader.metadata.title if reader.metadata else ""
    except InputError:
        raise
    except Exception as error:  # pypdf raises many kinds
        raise InputError(
            f"cannot read the PDF: {type(error).__name__}: {error!s:.200}", where=str(path)
        ) from None
    if not text.strip():
        raise InputError(
            "no text in the PDF (scanned pages need text recognition, OCR, first)", where=str(path)
        )
    return str(title or ""), text


def _pages(reader: object, path: Path) -> str:
    pages: list[str] = []
    size, start = 0, time.monotonic()
    for page in reader.pages:  # type: ignore[attr-defined]
        pages.append(_unwrapped(page.extract_text()))
        size += len(pages[-1])
        if size > MOST_CHARACTERS:
            raise InputError(
                f"more than {MOST_CHARACTERS:,} characters of text; split the file", where=str(path)
            )
        if time.monotonic() - start > MOST_SECONDS:
            raise InputError(
                f"reading its first {len(pages)} pages took {MOST_SECONDS:.0f} s; split the file",
                where=str(path),
            )
    return "\n\n".join(pages)


def _unwrapped(page: str) -> str:
    """The page with each paragraph on one line. A short line that ends a sentence ends a paragraph."""
    lines = [line.strip() for line in page.splitlines()]
    widest = max(map(len, lines), default=0)
    text = ""
    for line in lines:
        ended = not line or (len(line) < 0.8 * widest and line.endswith((".", "!", "?", ":")))
        text += line + ("\n\n" if ended else "\n")
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)
