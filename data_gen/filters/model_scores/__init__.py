"""Filters that ask a model for a score."""
