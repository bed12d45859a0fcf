"""What an engine of Scrapy has under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.internals import paths, queues
from scrapy_leakwatch.internals.versions import engine_slot, scheduler_of

if TYPE_CHECKING:
    from scrapy.core.engine import ExecutionEngine


class Work(NamedTuple):
    """How many requests wait or are in progress, and responses are in the scraper.

    None where the scheduler keeps no queue that could be counted, or where this Scrapy
    has not what is counted.
    """

    queued_memory: int | None = None
    queued_disk: int | None = None
    in_progress: int | None = 0
    in_flight: int | None = 0


def work_of(engine: ExecutionEngine) -> Work:
    """Count what an open engine has."""
    slot = engine_slot(engine)
    scheduler = scheduler_of(engine)
    closing = getattr(slot, "closing", None)
    # A disk queue that was closed with the spider is not empty, but says so.
    closed = closing is not None and closing.called
    return Work(
        queued_memory=queues.length(scheduler, "mqs"),
        queued_disk=None if closed else queues.length(scheduler, "dqs"),
        in_progress=_size(slot, paths.IN_PROGRESS),
        in_flight=_in_flight(engine.scraper.slot),
    )


def _in_flight(slot: object) -> int | None:
    if slot is None:  # the scraper closes before the engine does
        return 0
    waiting = _size(slot, paths.WAIT_FOR_SCRAPER)
    active = _size(slot, paths.IN_SCRAPER)
    return None if waiting is None or active is None else waiting + active


def _size(slot: object, path: paths.Path) -> int | None:
    """Return how many there are in the part of a slot that a path leads to."""
    part = getattr(slot, path[-1], None)  # Scrapy's own: it may be read as it is
    return None if part is None else len(part)
