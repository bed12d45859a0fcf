"""What the engines of this process own, so that the rest is someone's.

A live response is legitimate while the scraper has it, a live request while
it is queued, in progress, or belongs to a live response. trackref counts are
of the whole process, so all its engines are asked, whether or not their crawl
is watched; each live spider leads to its engine.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy import Spider
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals.versions import engine_of, engine_slot, local_stats
from scrapy_leakwatch.observe.live_refs import attribute, instances_of, trackref_classes
from scrapy_leakwatch.records import RequestLedger, ResponseLedger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy.core.engine import ExecutionEngine

    from scrapy_leakwatch.observe.live_refs import Alive

MOST_SPIDERS = 1000
MOST_PARTS = 200


class Owned(NamedTuple):
    """What one engine owns: counts of requests and of responses.

    None where the scheduler keeps no queue that could be counted.
    """

    queued_memory: int | None
    queued_disk: int | None
    in_progress: int
    in_flight: int


NOTHING = Owned(None, None, 0, 0)


def open_engines(crawler: Crawler) -> list[ExecutionEngine]:
    """Return every engine of the process that has an open spider."""
    engines = {
        id(engine): engine
        for each in [crawler, *_crawlers()]
        if (engine := engine_of(each)) is not None and engine_slot(engine) is not None
    }
    return list(engines.values())


def owned_by(engine: ExecutionEngine) -> Owned:
    """Count what an open engine owns."""
    slot: Any = engine_slot(engine)
    scheduler = slot.scheduler
    scraping = engine.scraper.slot
    # A disk queue that was closed with the spider is not empty, but says so.
    closed = slot.closing is not None and slot.closing.called
    return Owned(
        queued_memory=_length(scheduler, "mqs"),
        queued_disk=None if closed else _length(scheduler, "dqs"),
        in_progress=len(slot.inprogress),
        in_flight=len(scraping.queue) + len(scraping.active) if scraping else 0,
    )


def ledgers(
    crawler: Crawler, alive: list[Alive]
) -> tuple[RequestLedger, ResponseLedger]:
    """Return where the live requests and responses of the process are."""
    engines = open_engines(crawler)
    owned = {id(engine): owned_by(engine) for engine in engines}
    own = owned.get(id(engine_of(crawler)), NOTHING)
    requests, responses = _total(alive, Request), _total(alive, Response)
    in_flight = sum(each.in_flight for each in owned.values())
    return RequestLedger(
        live=requests,
        queued_memory=own.queued_memory,
        queued_disk=own.queued_disk,
        in_progress=own.in_progress,
        # Each live response has a request that lives as long.
        unaccounted=_rest(requests - responses, owned.values()),
    ), ResponseLedger(
        live=responses,
        in_flight=own.in_flight,
        unaccounted=max(responses - in_flight, 0),
    )


def _rest(requests: int, engines: Iterable[Owned]) -> int | None:
    for owned in engines:
        if owned.queued_memory is None:
            return None
        requests -= owned.queued_memory + owned.in_progress
    return max(requests, 0)


def _total(alive: list[Alive], family: type) -> int:
    return sum(entry.number for entry in alive if issubclass(entry.cls, family))


def _crawlers() -> Iterator[Crawler]:
    for cls, _ in trackref_classes():
        if not issubclass(cls, Spider):
            continue
        for spider in instances_of(cls, MOST_SPIDERS):
            crawler = attribute(spider, "crawler")
            if isinstance(crawler, Crawler):
                yield crawler


def _length(scheduler: object, name: str) -> int | None:
    """Return the length of a scheduler's queue.

    None where the scheduler has no such queue, or one that is not Scrapy's: a
    scheduler like scrapy-redis' keeps its requests elsewhere, and asking it could
    mean asking a server.
    """
    queue = attribute(scheduler, name)
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
    try:
        own = object.__getattribute__(queue, "__dict__")
    except AttributeError:
        return []
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
    stats = attribute(scheduler, "stats")
    pushes = getattr(type(scheduler), "enqueue_request", None)
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
