"""Methods that generate new questions and their answers."""
