"""Finished runs, looked at and compared."""
