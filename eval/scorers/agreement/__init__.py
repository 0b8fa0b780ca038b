"""Scores by the agreement of samples."""
