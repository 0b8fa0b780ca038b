"""This computer: what it has; processes, files and terminals. Knows nothing of the lab."""
