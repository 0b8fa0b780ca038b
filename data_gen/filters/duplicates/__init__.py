"""Filters against duplicates and repetitive corpora (deduplication)."""
