"""Reads the project's source: the line that puts something somewhere."""
