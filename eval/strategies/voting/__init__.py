"""Strategies with a majority vote over many samples."""
