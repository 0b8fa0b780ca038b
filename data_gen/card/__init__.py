"""The dataset card of a corpus (README.md)."""
