"""Strategies whose answers have a confidence or are abstentions."""
