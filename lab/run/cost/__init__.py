"""The estimated cost of a recipe, and its actual efficiency."""
