"""Published question sets."""
