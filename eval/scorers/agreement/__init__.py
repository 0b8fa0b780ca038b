"""Scores from how far samples agree."""
