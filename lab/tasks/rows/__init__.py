"""Reads rows and their cells from files and Hub data sets."""
