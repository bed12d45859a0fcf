"""Knows Scrapy's insides: what differs by version, and where components are."""
