"""Prompts of the data methods, as text files that a person can copy and edit."""
