"""Strategies with one answer, without selection."""
