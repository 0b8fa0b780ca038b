"""Readers of documents: from a file to its title and plain text (paragraphs separated by blank lines)."""

from __future__ import annotations

from lab.tasks.documents.readers.files import SUFFIXES, DocumentText, read
from lab.tasks.documents.readers.passages import passages

__all__ = ["SUFFIXES", "DocumentText", "passages", "read"]
