"""Readers of document files: each returns a title and plain text, with blank lines between paragraphs."""

from __future__ import annotations

from lab.tasks.documents.readers.files import SUFFIXES, DocumentText, read
from lab.tasks.documents.readers.passages import passages

__all__ = ["SUFFIXES", "DocumentText", "passages", "read"]
