"""From what a person writes (YAML, changes, flags) to plain data, and back to the line of each mistake."""
