"""Problems from the generators of reasoning_gym."""
