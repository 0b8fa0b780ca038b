"""Finished evaluate stages, loaded as arrays and light rows."""
