"""Scorers for comparison: the ceiling, chance, and length."""
