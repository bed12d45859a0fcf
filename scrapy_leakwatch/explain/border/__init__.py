"""The two sides of the process border."""
