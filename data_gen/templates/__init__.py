"""Prompts of the data methods: text files a person can copy and edit."""
