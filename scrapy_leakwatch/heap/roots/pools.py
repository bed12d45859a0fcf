"""The thread pools that nobody of the project made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start, passing_start
from scrapy_leakwatch.heap.roots.timers import loops, reactor

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the thread pools that nobody of the project made."""
    starts = []
    pool = anatomy.attribute(reactor(), "threadpool")
    if pool is not None:
        starts.append(passing_start(pool, "thread pool of the reactor"))
    for loop in loops(outside):
        executor = anatomy.attribute(loop, "_default_executor")
        if executor is not None:
            starts.append(passing_start(executor, "thread pool of the event loop"))
    if starts:
        yield Root("thread pool", "pool", "project", starts, passing=True)
    threads = sys.modules.get("concurrent.futures.thread")
    queues = anatomy.attribute(threads, "_threads_queues", "data")
    if type(queues) is dict:
        found = [
            Start(queue, "thread pool executor") for queue in list(queues.values())
        ]
        yield Root("thread pool executor", "pool", "project", found, late=True)
