"""Rows from files and Hub data sets, and what stands in their cells."""
