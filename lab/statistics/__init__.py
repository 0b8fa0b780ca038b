"""Uncertainty: intervals, bounds, the bootstrap and exact tests."""
