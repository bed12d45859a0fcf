"""How many requests wait in the queues of a scheduler."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

from scrapy import squeues
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
    if sum(map(len, _tables(queue))) > MOST_PARTS or _counts_rows(queue):
        return _counted(scheduler, _COUNTERS[name])
    if not _is_scrapys(queue):
        return None
    try:
        return len(queue)
    except Exception:  # noqa: BLE001, a queue on disk that is gone
        return None


def disk_queues(scheduler: object) -> tuple[str, ...]:
    """Return what SCHEDULER_DISK_QUEUE may be to keep the order of a memory queue.

    The first is in files, as Scrapy's default is. The second is in a database, which
    Scrapy has from 2.19 on.
    """
    fifo = anatomy.attribute(scheduler, "mqclass") is squeues.FifoMemoryQueue
    order = "Fifo" if fifo else "Lifo"
    names = (f"Pickle{order}DiskQueue", f"Pickle{order}SQLiteQueue")
    return tuple(f"scrapy.squeues.{name}" for name in names if hasattr(squeues, name))


def _counts_rows(queue: object) -> bool:
    """Tell whether ``len`` of a queue, or of a part of one, has SQLite count.

    That takes 0.1 s for 100,000 requests. A queue without parts is empty.
    """
    parts = chain.from_iterable(dict.values(table) for table in _tables(queue))
    return anatomy.inherits(queue, _IN_SQLITE) or any(map(_counts_rows, parts))


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
    if pushes is not Scheduler.enqueue_request:
        return None
    if kind == "disk" and _is_resumed(scheduler):
        return None
    if stats is None or not local_stats(stats):
        return None
    pushed: int = stats.get_value(f"scheduler/enqueued/{kind}", 0)
    popped: int = stats.get_value(f"scheduler/dequeued/{kind}", 0)
    return max(pushed - popped, 0)  # a job that was killed may have left some


def _is_resumed(scheduler: object) -> bool:
    """Tell whether a job had ended before: what was left is written down then."""
    folder = anatomy.text_attribute(scheduler, "dqdir")
    return Path(folder, "active.json").exists()


_IN_SQLITE = "queuelib.queue.FifoSQLiteQueue"
_PACKAGES = frozenset(["scrapy", "queuelib"])
_PARTS = ("pqueues", "queues", "_start_queues")
_COUNTERS = {"mqs": "memory", "dqs": "disk"}
