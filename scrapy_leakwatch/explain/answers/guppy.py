"""Guppy's profile of the heap: by type, and by what refers to one class.

Guppy is loaded where it is used: most crawls are never asked for it, and not every
Python has a release of it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

WITHOUT_RELEASE = (3, 15)
"""The first Python that Guppy has no release for."""
_LONGEST = 20_000


def missing() -> str:
    """Return why there can be no profile, empty if there can."""
    if find_spec("guppy") is not None:
        return ""
    if sys.version_info >= WITHOUT_RELEASE:
        major, minor = sys.version_info[:2]
        return f"Guppy has no release for Python {major}.{minor}"
    return "Guppy is not installed (pip install guppy3)"


def profile(via: type | None) -> str:
    """Return Guppy's table of the heap, of one class by what refers to it.

    Takes seconds, touches every page and, unlike the walk, may run code of
    the crawl's classes: only for a child process, only when asked.
    """
    from guppy import hpy  # noqa: PLC0415

    heap: Any = hpy().heap()
    found = heap.bytype if via is None else (heap & via).byvia
    return str(found)[:_LONGEST]
