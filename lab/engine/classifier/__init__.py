"""Models that judge a conversation instead of continuing it."""
