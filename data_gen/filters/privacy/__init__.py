"""Filters that look for what nobody may see."""
