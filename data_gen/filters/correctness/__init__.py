"""Filters that look at whether answers are right."""
