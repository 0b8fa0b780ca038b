"""Sources for data methods that do not start from questions with known answers."""
