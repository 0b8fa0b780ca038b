"""Confidence against correctness: metrics, their intervals, and what they say of each method."""
