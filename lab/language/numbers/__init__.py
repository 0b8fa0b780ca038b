"""Parses numbers and mathematical expressions as people and models write them."""
