"""How much waits in the tables of Twisted's reactor and of asyncio's loop."""

from __future__ import annotations

from itertools import islice
from queue import SimpleQueue
from typing import Any

from scrapy_leakwatch.foundation import anatomy

MOST_WORKERS = 256
"""Threads of executors that are asked which queue they serve."""


def timers(reactor: Any, loop: Any) -> int:
    """Return how many calls are to be made later, without the cancelled ones.

    Those of a reactor on asyncio's loop are in its own table; the loop has one for
    the next of them.
    """
    tables = (
        anatomy.attribute(reactor, "_pendingTimedCalls"),
        anatomy.attribute(reactor, "_newTimedCalls"),
        anatomy.attribute(loop, "_scheduled"),
    )
    cancelled = (
        anatomy.attribute(reactor, "_cancellations"),
        anatomy.attribute(loop, "_timer_cancelled_count"),
    )
    gone = sum(number for number in cancelled if type(number) is int)
    return max(sum(map(anatomy.size, tables)) - gone, 0)


def waiting_work(reactor: Any, executors: Any) -> int:
    """Return how much work waits for a thread.

    ``executors`` is the module `concurrent.futures.thread`, None where it was not
    imported.
    """
    of_reactor = anatomy.attribute(reactor, "threadpool", "_team", "_pending")
    served = anatomy.attribute(executors, "_threads_queues", "data")
    queues = islice(list(served.values()), MOST_WORKERS) if type(served) is dict else ()
    unique = {id(queue): queue for queue in queues if type(queue) is SimpleQueue}
    return anatomy.size(of_reactor) + sum(queue.qsize() for queue in unique.values())
