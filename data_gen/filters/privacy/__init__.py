"""Filters for secrets and personal data."""
