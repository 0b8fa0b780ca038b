"""Methods that make new questions and their answers."""
