"""Synthetic data: methods that draw examples, filters that judge them, the corpus, its card and its audit."""
