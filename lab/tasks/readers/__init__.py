"""Readers of documents: a file in, its title and plain text (paragraphs parted by blank lines) out."""

from __future__ import annotations

from lab.tasks.readers.files import SUFFIXES, Text, read
from lab.tasks.readers.passages import passages

__all__ = ["SUFFIXES", "Text", "passages", "read"]
