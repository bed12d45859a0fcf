"""Answers those who look at a running crawl from outside."""
