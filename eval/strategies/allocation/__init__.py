"""Strategies that decide which other strategy a question gets."""
