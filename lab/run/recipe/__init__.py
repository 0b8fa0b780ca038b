"""Recipes: from YAML to plain stages."""
