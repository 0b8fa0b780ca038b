"""Shows and compares finished runs."""
