"""The child processes that are our own, which are no part of the crawl."""

from __future__ import annotations

OWN: set[int] = set()
"""Their process ids, from the fork until the child is reaped."""
