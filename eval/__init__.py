"""Evaluation: strategies and scorers, the loop that runs them, estimators, analyses and the report."""
