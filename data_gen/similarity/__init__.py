"""Similarity of texts: by words, by n-grams, by meaning."""
