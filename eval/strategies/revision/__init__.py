"""Answers that are checked and written again."""
