"""Answers with a confidence, or an abstention."""
