"""How many requests wait in the queues of a scheduler."""

from __future__ import annotations

from itertools import chain
from typing import Any

from scrapy.core.scheduler import Scheduler

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals.versions import local_stats

MOST_PARTS = 200


def length(scheduler: object, name: str) -> int | None:
    """Return the length of a scheduler's queue.

    None where the scheduler has no such queue, or one that is not Scrapy's: a
    scheduler like scrapy-redis' keeps its requests elsewhere, and asking it could
    mean asking a server.
    """
    queue = anatomy.attribute(scheduler, name)
    if queue is None:
        return None
    if sum(map(len, _tables(queue))) > MOST_PARTS:
        return _counted(scheduler, _COUNTERS[name])
    if not _is_scrapys(queue):
        return None
    try:
        return len(queue)
    except Exception:  # noqa: BLE001, a queue on disk that is gone
        return None


def _tables(queue: object) -> list[dict[Any, Any]]:
    """Return the dicts that have the parts of a queue of Scrapy's."""
    own = anatomy.own_dict(queue)
    if type(own) is not dict:
        return []
    return [table for name in _PARTS if type(table := own.get(name)) is dict]


def _is_scrapys(queue: object) -> bool:
    """Tell whether to count a queue and its parts runs no code but Scrapy's."""
    owner = _owner_of_len(type(queue))
    if owner is None or anatomy.module(owner).partition(".")[0] not in _PACKAGES:
        return False
    parts = chain.from_iterable(dict.values(table) for table in _tables(queue))
    return all(map(_is_scrapys, parts))


def _owner_of_len(cls: type) -> type | None:
    owners = (each for each in anatomy.mro(cls) if "__len__" in anatomy.namespace(each))
    return next(owners, None)


def _counted(scheduler: object, kind: str) -> int | None:
    """Return how many requests Scrapy's scheduler put into a queue and not out.

    A queue with a part for each of 100,000 domains takes 0.1 s to add up, so
    there the scheduler's own counts are used; None where they can't be read,
    or can't be right: a resumed job's disk queue was not empty at the start.
    """
    stats = anatomy.attribute(scheduler, "stats")
    pushes = anatomy.defined(type(scheduler), "enqueue_request")
    if kind == "disk" or pushes is not Scheduler.enqueue_request:
        return None
    if stats is None or not local_stats(stats):
        return None
    pushed: int = stats.get_value(f"scheduler/enqueued/{kind}", 0)
    popped: int = stats.get_value(f"scheduler/dequeued/{kind}", 0)
    return pushed - popped


_PACKAGES = frozenset(["scrapy", "queuelib"])
_PARTS = ("pqueues", "queues", "_start_queues")
_COUNTERS = {"mqs": "memory", "dqs": "disk"}
