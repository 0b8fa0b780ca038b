"""Questions about world facts, with and without an answer, made from tables of facts."""
