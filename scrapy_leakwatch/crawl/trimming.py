"""Keeps what a crawl takes within bounds."""

from __future__ import annotations

import time
from typing import Any

import psutil

from scrapy_leakwatch.records import Trimmed

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]


def trim() -> Trimmed:
    """Give what malloc keeps free back to the system, where it can (glibc).

    The reactor stands still meanwhile, 0.1 to 0.3 s for each GB given back; other
    threads run on. A failure is a `Trimmed` with a reason.
    """
    process = psutil.Process()
    before = process.memory_info().rss
    give_back = malloc_trim()
    if give_back is None:
        return Trimmed(before, before, 0.0, "this C library has no malloc_trim")
    begun = time.perf_counter()
    give_back(0)
    took_s = time.perf_counter() - begun
    return Trimmed(before, process.memory_info().rss, took_s)


def malloc_trim() -> Any:
    """Return the C library's function, None where it has none."""
    try:
        found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (AttributeError, OSError, TypeError):
        return None
    if found is not None:
        found.restype, found.argtypes = ctypes.c_int, (ctypes.c_size_t,)
    return found
