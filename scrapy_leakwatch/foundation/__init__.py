"""Reads objects, source and the system without running a line of the crawl's code."""
