"""One file to plain text: text and Markdown as they are, HTML by trafilatura, PDF by pypdf.

Files are untrusted: a page's markup, scripts and styles never reach a prompt, and a file that cannot be read
is one message with its name. Paragraphs come out parted by blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says: a title (never empty) and its text."""

    title: str
    text: str


def read(path: Path) -> Text:
    """The file's title and text; raises InputError naming the file where it cannot be read."""
    title, text = _READERS[path.suffix.lower()](path)
    return Text(" ".join(title.split()) or path.stem, text.replace("\r\n", "\n").strip())


def _plain(path: Path) -> tuple[str, str]:
    return "", _decoded(path)


def _markdown(path: Path) -> tuple[str, str]:
    text = _FRONT_MATTER.sub("", _decoded(path).replace("\r\n", "\n"), count=1)
    heading = _HEADING.search(text)
    return (heading.group(1) if heading else ""), text


def _html(path: Path) -> tuple[str, str]:
    """The page's main text; where trafilatura finds none (a short page), all of its text."""
    import trafilatura

    page = _decoded(path)
    if not page.strip():
        return "", ""
    if "<html" not in page.lower():
        page = f"<html><body>{page}</body></html>"
    text = trafilatura.extract(page, include_comments=False) or trafilatura.html2txt(page) or ""
    found = trafilatura.extract_metadata(page)
    return (found.title or "" if found else ""), "\n\n".join(
        line for line in text.splitlines() if line.strip()
    )


def _pdf(path: Path) -> tuple[str, str]:
    from pypdf import PdfReader

    try:
        reader = PdfReader(path)
        pages = [page.extract_text() for page in reader.pages]
        title = reader.metadata.title if reader.metadata else ""
    except Exception as error:  # a damaged or encrypted file: pypdf raises many kinds
        raise InputError(
            f"cannot read the PDF: {type(error).__name__}: {error!s:.200}", where=str(path)
        ) from None
    return str(title or ""), "\n\n".join(map(_unwrapped, pages))


def _unwrapped(page: str) -> str:
    """A page's paragraphs on one line each: a line that ends a sentence and falls short ends a paragraph."""
    lines = [line.strip() for line in page.splitlines()]
    widest = max(map(len, lines), default=0)
    text = ""
    for line in lines:
        ended = not line or (len(line) < 0.8 * widest and line.endswith((".", "!", "?", ":")))
        text += line + ("\n\n" if ended else "\n")
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text; save the file as UTF-8", where=f"{path}:{line}") from None


_READERS: dict[str, Callable[[Path], tuple[str, str]]] = {
    ".txt": _plain,
    ".text": _plain,
    ".md": _markdown,
    ".markdown": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
}
SUFFIXES = tuple(_READERS)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_HEADING = re.compile(r"^#{1,2}\s+(.+?)\s*#*$", re.MULTILINE)
