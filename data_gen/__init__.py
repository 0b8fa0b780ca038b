"""Synthetic data: methods that make examples, filters that drop some of them, the corpus, its card and its
audit.
"""
