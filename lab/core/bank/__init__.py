"""The bank: every completion is kept, and drawn once."""
