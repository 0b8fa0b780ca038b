"""Filters by text only."""
