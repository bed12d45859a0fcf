"""Reads how far a crawl is: what its scraper works on, and for how long already."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals import paths
from scrapy_leakwatch.internals.versions import engine_of, engine_slot, local_stats
from scrapy_leakwatch.records import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.records import Stage

MOST = 200
"""Requests in the scraper whose stay is measured."""

_COUNTED = (
    "item_scraped_count",
    "item_dropped_count",
    "scheduler/enqueued",
    "dupefilter/filtered",
)
"""Stats of what comes out of a callback, also of one that yields for minutes."""


def in_scraper(crawler: Crawler) -> set[Any]:
    """Return the requests whose callbacks, or what follows on them, have not ended."""
    found = paths.follow(crawler, paths.IN_SCRAPER)
    return found if type(found) is set else set()


class ProgressGauge:
    """What one crawl moves from look to look.

    It remembers since which look a request is in the scraper, by weak references.
    ``clock`` returns steady seconds.
    """

    def __init__(
        self, crawler: Crawler, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._crawler = crawler
        self._clock = clock
        self._since: dict[int, tuple[weakref.ref[Any], float]] = {}
        self._longest = 0.0
        self._left = 0
        self._mark: tuple[int, ...] = ()
        self._still_since = clock()
        self._still = 0

    def read(self, received: int) -> Progress | None:
        """Return it, None where no spider is open; ``received`` are the responses."""
        engine = engine_of(self._crawler)
        slot = engine_slot(engine) if engine is not None else None
        if slot is None:
            return None
        now, here = self._clock(), in_scraper(self._crawler)
        self._follow(here, now)
        downloading = anatomy.size(paths.follow(self._crawler, paths.DOWNLOADING))
        items = self._number(paths.ITEMS_IN_PIPELINES)
        paused = paths.follow(self._crawler, paths.PAUSED) is True
        stage = _stage(engine, slot)
        counted = self._counted()
        mark = (received, len(here), items, self._left, counted, stage != "open")
        if mark != self._mark or downloading or paused:
            self._mark, self._still_since, self._still = mark, now, 0
        else:
            self._still += 1
        stays = [now - since for _, since in self._since.values()]
        return Progress(
            downloading=downloading,
            scraping=len(here),
            items=items,
            older=sum(stay > self._longest for stay in stays),
            oldest_s=max(stays, default=0.0),
            longest_s=self._longest,
            still_s=now - self._still_since,
            still_samples=self._still,
            stage=stage,
        )

    def oldest(self, most: int) -> tuple[Any, ...]:
        """Return what is longest in the scraper, up to so many requests."""
        here = (known() for known, _ in list(self._since.values())[:most])
        return tuple(each for each in here if each is not None)

    def _follow(self, here: set[Any], now: float) -> None:
        """Note what has left the scraper since the look before, and what is new."""
        ids = set(map(id, here))
        for key, (known, since) in list(self._since.items()):
            if key not in ids or known() is None:
                del self._since[key]
                self._left += 1
                self._longest = max(self._longest, now - since)
        if len(ids) > len(self._since) < MOST:
            for request in here:
                if len(self._since) >= MOST:
                    break
                if id(request) not in self._since:
                    self._since[id(request)] = weakref.ref(request), now

    def _number(self, path: paths.Path) -> int:
        found = paths.follow(self._crawler, path)
        return found if type(found) is int else 0

    def _counted(self) -> int:
        stats = self._crawler.stats
        if stats is None or not local_stats(stats):
            return 0
        return sum(int(stats.get_value(name, 0)) for name in _COUNTED)


def _stage(engine: object, slot: object) -> Stage:
    if anatomy.attribute(slot, "closing") is not None:
        return "closing"
    return "open" if anatomy.attribute(engine, "running") is True else "opening"
