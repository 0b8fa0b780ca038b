"""Scorers to compare with: the ceiling, chance, and length."""
