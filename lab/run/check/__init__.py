"""What is checked of a recipe before it runs."""
