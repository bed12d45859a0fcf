"""Closes a crawl before its memory ends it, and not before it is told where that is."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import psutil
from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future

from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.internals.versions import (
    close_spider,
    create_looping_call,
    engine_of,
)
from scrapy_leakwatch.observe.limits import limits
from scrapy_leakwatch.recycle.plan import RSS
from scrapy_leakwatch.report.log import at_limit, no_limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import Sample

PROBE_S = 0.5
NEAR = 0.8
NEAR_S = 1.0
"""From this part of the limit on, a crawl is sampled as often as this."""


def rss_limit(crawler: Crawler, config: Config, spider: Spider) -> RssLimit | None:
    """Return LEAKWATCH_RSS_LIMIT_MB, None for none."""
    own = limits(crawler.settings, own_mb=config.rss_limit_mb).own
    if own is None and config.rss_limit_mb:
        log(logging.WARNING, "%s", no_limit(), extra={"spider": spider})
    return None if own is None else RssLimit(crawler, spider, own)


class RssLimit:
    """Looks between the samples whether memory is at a ``limit`` in bytes.

    That takes 10 us twice a second. ``take_sample`` is called for one out of turn;
    ``tell`` says where the memory is, and is waited for with the engine paused, so
    that only what is in progress goes on.
    """

    def __init__(self, crawler: Crawler, spider: Spider, limit: int) -> None:
        self._crawler = crawler
        self._spider = spider
        self._limit = limit
        self._guard = Guard("keep the crawl within its memory", spider)
        self._process = psutil.Process()
        self._children = 0
        self._sampled = time.monotonic()
        self._timer: Any = create_looping_call(lambda: self._guard(self._probe))
        self._take_sample: Callable[[], None] = lambda: None
        self._tell: Callable[[], Awaitable[None]] | None = None

    def start(
        self, take_sample: Callable[[], None], tell: Callable[[], Awaitable[None]]
    ) -> None:
        """Begin to look."""
        self._take_sample, self._tell = take_sample, tell
        self._timer.start(PROBE_S, now=False)

    def stop(self) -> None:
        """End it."""
        if self._timer.running:
            self._timer.stop()

    def heard(self, sample: Sample) -> None:
        """Take from a sample what the child processes have."""
        self._children = sample.children.bytes if sample.children else 0
        self._sampled = time.monotonic()

    def _probe(self) -> None:
        used = self._used()
        if used >= NEAR * self._limit and self._sampled + NEAR_S <= time.monotonic():
            self._take_sample()  # the children may have grown, or ended
            used = self._used()
        if used >= self._limit:
            self.stop()
            deferred_from_coro(self._guard.waiting(self._close(used)))

    def _used(self) -> int:
        return int(self._process.memory_info().rss) + self._children

    async def _close(self, used: int) -> None:
        engine: Any = engine_of(self._crawler)
        text = at_limit(used, self._children, self._limit)
        log(logging.WARNING, "%s", text, extra={"spider": self._spider})
        pauses = engine is not None and not engine.paused
        if pauses:
            engine.pause()
        if self._tell is not None:
            await self._guard.waiting(self._tell())
        closing = close_spider(self._crawler, RSS)
        if pauses:
            engine.unpause()
        if closing is not None:
            await maybe_deferred_to_future(closing)
