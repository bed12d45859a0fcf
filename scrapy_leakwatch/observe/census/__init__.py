"""Counts the containers that live as long as a crawl, some in each sample."""
