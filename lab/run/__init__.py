"""The top layer: recipes, their checks and costs, running them, and showing finished runs."""
