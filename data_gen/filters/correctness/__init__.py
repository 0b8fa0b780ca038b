"""Filters by correctness of the answers."""
