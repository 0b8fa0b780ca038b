"""Synthetic data: methods that generate examples, filters that drop some of them, the corpus, its card and
its audit.
"""
