"""Search over the steps of a solution."""
