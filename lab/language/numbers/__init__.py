"""Numbers and expressions as people and models write them, made plain."""
