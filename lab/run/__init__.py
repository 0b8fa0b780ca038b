"""The roof: recipes, their checks and costs, running them, and looking at finished runs."""
