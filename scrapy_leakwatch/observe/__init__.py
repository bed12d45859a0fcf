"""Reads the live process: cheap, never blocks, never runs the user's code."""
