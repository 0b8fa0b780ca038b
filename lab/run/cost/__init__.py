"""What a recipe will cost, and what it did cost."""
