"""Many candidates, of which one is chosen."""
