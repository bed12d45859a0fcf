"""Knows the classes of what a crawl takes and must give back."""

from __future__ import annotations

import sys
from typing import Any

from scrapy_leakwatch.foundation import anatomy

Paths = dict[str, tuple[str, ...]]
"""Classes, by the field of `ResourceCounts`, as they call themselves."""

CLASSES: Paths = {
    "files": ("_io.FileIO",),
    "sockets": ("socket.socket",),
    "children": ("subprocess.Popen",),
    "threads": ("concurrent.futures.thread.ThreadPoolExecutor",),
}
"""What the heap is looked through for."""
OTHERS: Paths = {
    "children": ("asyncio.subprocess.Process",),
    "threads": ("threading.Thread",),
    "tasks": ("_asyncio.Task",),
    "timers": ("asyncio.events.TimerHandle", "twisted.internet.base.DelayedCall"),
    "pages": ("playwright.async_api._generated.Page",),
    "contexts": ("playwright.async_api._generated.BrowserContext",),
}
"""What the process has a table of, so that nobody needs the heap for it."""


def classes_of(field: str, *tables: Paths) -> tuple[type, ...]:
    """Return the classes of one field that are imported."""
    found: list[Any] = []
    for path in (path for table in tables for path in table.get(field, ())):
        module, _, name = path.rpartition(".")
        found.append((anatomy.own_dict(sys.modules.get(module)) or {}).get(name))
    return tuple(cls for cls in found if anatomy.is_a(cls, type))


class Fields:
    """Tells which fields count an object; lives no longer than one look."""

    def __init__(self) -> None:
        self._classes = {
            field: classes_of(field, CLASSES, OTHERS) for field in CLASSES | OTHERS
        }
        self._known: dict[int, frozenset[str]] = {}

    def of(self, obj: Any) -> frozenset[str]:
        """Return the fields of `ResourceCounts` that count what ``obj`` is."""
        known = self._known.get(id(type(obj)))
        if known is None:
            known = self._known[id(type(obj))] = frozenset(
                field
                for field, classes in self._classes.items()
                if anatomy.is_a(obj, *classes)
            )
        return known
