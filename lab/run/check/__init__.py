"""The checks of a recipe before it runs."""
