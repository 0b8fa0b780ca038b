"""Models that score a conversation instead of continuing it."""
