"""Filters that keep a corpus from repeating itself."""
