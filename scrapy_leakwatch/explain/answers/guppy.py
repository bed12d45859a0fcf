"""Guppy's profile of the heap: by type, and by what refers to one class."""

from __future__ import annotations

from typing import Any

try:
    from guppy import hpy
except ImportError:
    hpy = None

_LONGEST = 20_000


def missing() -> str:
    """Return why there can be no profile, empty if there can."""
    return "" if hpy is not None else "Guppy is not installed: pip install guppy3"


def profile(via: type | None) -> str:
    """Return Guppy's table of the heap, of one class by what refers to it.

    Takes seconds, touches every page and, unlike the walk, may run code of
    the crawl's classes: only for a child process, only when asked.
    """
    heap: Any = hpy().heap()
    found = heap.bytype if via is None else (heap & via).byvia
    return str(found)[:_LONGEST]
