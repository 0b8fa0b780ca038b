"""Strategies that check and revise answers."""
