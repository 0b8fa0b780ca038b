"""Questions about the world, with and without an answer, from tables of facts."""
