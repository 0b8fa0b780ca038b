"""Accuracy against compute."""
