"""Scores from a model that judges the candidate."""
