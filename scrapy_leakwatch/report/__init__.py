"""Turns records into lines, stats and files: one pure step, then writing."""
