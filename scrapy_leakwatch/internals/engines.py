"""What an engine of Scrapy has under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy_leakwatch.internals import queues
from scrapy_leakwatch.internals.versions import engine_slot

if TYPE_CHECKING:
    from scrapy.core.engine import ExecutionEngine


class Work(NamedTuple):
    """How many requests wait or are in progress, and responses are in the scraper.

    None where the scheduler keeps no queue that could be counted.
    """

    queued_memory: int | None = None
    queued_disk: int | None = None
    in_progress: int = 0
    in_flight: int = 0


def work_of(engine: ExecutionEngine) -> Work:
    """Count what an open engine has."""
    slot: Any = engine_slot(engine)
    scheduler = slot.scheduler
    scraping = engine.scraper.slot
    # A disk queue that was closed with the spider is not empty, but says so.
    closed = slot.closing is not None and slot.closing.called
    return Work(
        queued_memory=queues.length(scheduler, "mqs"),
        queued_disk=None if closed else queues.length(scheduler, "dqs"),
        in_progress=len(slot.inprogress),
        in_flight=len(scraping.queue) + len(scraping.active) if scraping else 0,
    )
