"""Sections on accuracy per unit of inference compute."""
