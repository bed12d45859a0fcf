"""Counts the responses that a crawl received, the measure of its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.extensions.corestats import CoreStats

from scrapy_leakwatch.internals.versions import local_stats

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector


class ReceivedResponses:
    """The number of responses received since the spider opened.

    Scrapy counts them already; a signal handler of our own, which costs a few
    microseconds a response, is needed only where its count can't be read: the
    stats collector is not in memory, or the `CoreStats` extension is off.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._counted = 0
        stats = crawler.stats
        counting = crawler.get_extension(CoreStats) is not None
        self._stats = stats if counting and stats and local_stats(stats) else None
        self._before = 0 if self._stats is None else self._in_stats(self._stats)
        """Of an earlier process, whose stats this one goes on with."""
        if self._stats is None:
            crawler.signals.connect(self._response_received, signals.response_received)

    def count(self) -> int:
        """Return the responses received so far."""
        if self._stats is None:
            return self._counted
        return self._in_stats(self._stats) - self._before

    @staticmethod
    def _in_stats(stats: StatsCollector) -> int:
        return int(stats.get_value("response_received_count", 0))

    def stop(self) -> None:
        """Stop counting."""
        if self._stats is None:
            self._crawler.signals.disconnect(
                self._response_received, signals.response_received
            )

    def _response_received(self) -> None:
        self._counted += 1
