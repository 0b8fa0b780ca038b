"""Sections on the effects of training."""
