"""Filters that score examples with a model."""
