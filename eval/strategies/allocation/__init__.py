"""Strategies that choose another strategy for each question."""
