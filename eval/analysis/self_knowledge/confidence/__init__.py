"""Confidence against correctness: metrics, their intervals, and the rows of each method."""
