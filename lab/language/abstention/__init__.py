"""Saying "I don't know": the phrases, in many languages, and the one place that reads them."""
