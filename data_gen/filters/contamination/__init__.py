"""Filters that look for test questions in a corpus."""
