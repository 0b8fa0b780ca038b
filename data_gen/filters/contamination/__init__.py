"""Filters that find test questions in a corpus (decontamination)."""
