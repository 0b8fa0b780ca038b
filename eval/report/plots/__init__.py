"""Plots as data, and as figures for papers."""
