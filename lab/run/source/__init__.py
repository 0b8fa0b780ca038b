"""From YAML, changes and flags to plain data, with the line of each mistake."""
