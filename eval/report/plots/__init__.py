"""Plots as data, and as pictures for papers."""
