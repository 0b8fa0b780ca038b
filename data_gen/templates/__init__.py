"""Prompts of the data methods, as text files that you can copy and edit."""
