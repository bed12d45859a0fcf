"""Asyncio's tasks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.heap.roots.root import Outside, Root, Start
from scrapy_leakwatch.heap.roots.timers import loops

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the tasks that have not ended."""
    found: list[Start] = []
    for loop in loops(outside):
        found += [
            Start(task, "asyncio task", owner="event loop", passing=True)
            for task in tasks_of(loop)
        ]
    yield Root("asyncio tasks", "task", starts=found, late=True, passing=True)


def tasks_of(loop: Any) -> list[Any]:
    """Return the tasks of an event loop that have not ended."""
    try:
        return list(asyncio.all_tasks(loop))
    except RuntimeError:  # the weak set changed while it was read, again and again
        return []
