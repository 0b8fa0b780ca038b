"""Runs a recipe: stages in their own processes, and their folders."""
