"""Filters that look at the text alone."""
