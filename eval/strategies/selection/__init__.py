"""Strategies that select one of several candidates."""
