"""Scores from the log-probabilities of the candidate itself."""
