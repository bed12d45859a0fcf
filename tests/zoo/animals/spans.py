"""Spiders that leak slowly, or from crawl to crawl; a comment names the line."""

from __future__ import annotations

import collections

from scrapy import signals

from tests.zoo.animals.base import Lister, Visitor
from tests.zoo.animals.weights import copy_of

RESULTS = []
LATEST = []


class CrawlAfterCrawl(Lister):
    """Is short, and a service that runs it again and again keeps what it found."""

    name = "crawl_after_crawl"
    pages = 60
    path = "/page/{}?kb=100"

    def parse(self, response):
        RESULTS.append({"text": copy_of(response)})  # here: crawl_after_crawl


class CrawlByCrawl(CrawlAfterCrawl):
    """Is followed by others, and what it found is taken when it ends."""

    name = "crawl_by_crawl"

    def parse(self, response):
        LATEST.append({"text": copy_of(response)})

    def closed(self, reason):
        LATEST.clear()


class OneAtATime(Visitor):
    """Visits one page after the other, each takes longer than a sample."""

    path = "/page/{}?ms=10"
    at_once = 1

    async def start(self):
        for number in range(100_000):
            yield self.page(number)
            await self.crawler.signals.wait_for(signals.response_received)


class SlowLeak(OneAtATime):
    name = "slow_leak"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kept = []

    def parse(self, response):
        self.kept.append(response)  # here: slow_leak


class SlowAndSound(OneAtATime):
    name = "slow_and_sound"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latest = collections.deque(maxlen=20)

    def parse(self, response):
        self.latest.append(response)
