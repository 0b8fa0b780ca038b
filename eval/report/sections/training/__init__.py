"""Sections on what training changed."""
