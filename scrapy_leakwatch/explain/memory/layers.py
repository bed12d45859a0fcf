"""Which layer the memory is in: Python's arenas, malloc, or neither.

The child has the same pages as the crawl. So it can give back what is free in
its own copy and see how much that was, and the crawl is none the wiser.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

from scrapy_leakwatch.explain.border import headroom
from scrapy_leakwatch.explain.memory import allocators, resident
from scrapy_leakwatch.heap import graph, sizes

SHARE_OF_TIME = 0.6
"""Of the time limit, for adding up objects: the rest is for a slow machine."""


def measure(rss: int, timeout_s: float, walked: list[Any]) -> dict[str, Any]:
    """Return the other fields of `Layers`, in a child of a process of ``rss`` bytes.

    What can't be known is left out, and ``reason`` says why. ``walked`` gets the
    graph, which takes memory for as long as it is there.
    """
    until = time.monotonic() + SHARE_OF_TIME * timeout_s
    fields: dict[str, Any] = {}
    reasons: list[str] = []
    arenas = allocators.arenas()
    if isinstance(arenas, str):
        reasons.append(arenas)
    else:
        fields |= {"arenas": arenas.size, "arenas_free": arenas.free}
    heap = allocators.heap()
    if isinstance(heap, str):
        reasons.append(heap)
    else:
        fields |= {"malloc_used": heap.used, "malloc_free": heap.free}
        fields |= _part("trimmable", _trimmable(), reasons)
        if not isinstance(arenas, str):
            over = allocators.SMALL if arenas.size else 0
            fields |= _part(
                "python_large", _python_large(over, rss, until, walked), reasons
            )
    return {**fields, "reason": "; ".join(reasons)}


def _part(name: str, found: int | str, reasons: list[str]) -> dict[str, int]:
    if isinstance(found, str):
        reasons.append(found)
        return {}
    return {name: found}


def _trimmable() -> int | str:
    before = resident.bytes_of("Anonymous")
    if not before or not allocators.trim():
        return "what malloc would give back can't be measured"
    return max(before - resident.bytes_of("Anonymous"), 0)


def _python_large(over: int, rss: int, until: float, walked: list[Any]) -> int | str:
    if short := headroom.shortage(rss):
        return f"large Python objects were not added up: that takes {short}"
    total = large_objects(over, until, walked)
    return (
        "large Python objects: too many to add up in time" if total is None else total
    )


def large_objects(over: int, until: float, walked: list[Any]) -> int | None:
    """Return what all objects over so many bytes take from `malloc`.

    None where it is not done at ``until``, on the clock of `time.monotonic`. What
    an object has outside Python, such as a parsed document, is not among it.
    """
    gc.freeze()
    gc.unfreeze()  # with all in one list of the collector
    found = graph.make(lambda cls: (sizes.PLAIN, sizes.rule(cls)[1]))
    found.unreached(sys.modules, until)
    walked.append(found)
    return None if found.partial else found.larger(over)
