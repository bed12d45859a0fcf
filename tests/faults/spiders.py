"""The crawls: each has its pages from the start, so that twins get the same."""

from __future__ import annotations

import gc
from typing import ClassVar

import scrapy
from scrapy.exceptions import DropItem

from tests.faults.moments import MOMENTS

PAGES = 400
MS = 80


class Healthy(scrapy.Spider):
    name = "healthy"
    collect_every = 25

    def __init__(self, site: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.site = site
        self.pages: set[str] = set()
        self.items = 0

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):
        MOMENTS.started(self.crawler)
        for number in range(PAGES):
            url = f"{self.site}/page/{number}?ms={MS}"
            yield scrapy.Request(url, self.parse, errback=self.failed)

    def parse(self, response):
        self.pages.add(response.url)
        if len(self.pages) % self.collect_every == 0:
            gc.collect()
        self.keep(response)
        MOMENTS.received(len(self.pages), self.crawler)
        yield {"url": response.url}

    def keep(self, response):
        """Keep nothing."""

    def failed(self, failure):
        self.logger.info("no page: %s", failure.type.__name__)


class Leaking(Healthy):
    name = "leaking"

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.kept: list = []

    def keep(self, response):
        self.kept.append(response)


class Counting:
    """The pipeline that every crawl has, last."""

    def __init__(self, crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_item(self, item):
        self.crawler.spider.items += 1
        return item


class ThrowsInStart(Leaking):
    def start_requests(self):
        for number, request in enumerate(super().start_requests()):
            if number == PAGES // 2:
                raise ArithmeticError("thrown in start")
            yield request


class ThrowsInParse(Leaking):
    def parse(self, response):
        yield from super().parse(response)
        raise ArithmeticError("thrown in parse")


class ThrowsInErrback(Leaking):
    def start_requests(self):
        for number, request in enumerate(super().start_requests()):
            more = "&status=404" if number % 10 == 0 else ""
            yield request.replace(url=request.url + more)

    def failed(self, failure):
        raise ArithmeticError("thrown in an errback")


class ThrowsInClosed(Leaking):
    def closed(self, reason):
        raise ArithmeticError("thrown in closed")


class NeverEnds(Leaking):
    """Its callbacks wait for what never comes, from some page on."""

    async def parse(self, response):
        from scrapy.utils.defer import maybe_deferred_to_future
        from twisted.internet.defer import Deferred

        for item in super().parse(response):
            yield item
        if len(self.pages) > PAGES // 2:
            await maybe_deferred_to_future(Deferred())


class Refusing:
    """Ends the process when anybody asks it anything."""

    __hash__ = None

    def refuse(self, *args):
        raise SystemExit("asked")

    __len__ = __bool__ = __repr__ = __str__ = __eq__ = __iter__ = refuse
    __class__ = property(refuse)


class HostileItem(scrapy.Item):
    """An item that only Scrapy may touch."""

    url = scrapy.Field()

    def refuse(self, *args):
        raise SystemExit("asked")

    __len__ = __bool__ = __eq__ = __contains__ = __sizeof__ = refuse
    __hash__ = object.__hash__


class Hostile(Leaking):
    """Keeps items and objects that are not to be asked."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.refusing: list = []

    def keep(self, response):
        super().keep(response)
        self.refusing.append((Refusing(), HostileItem(url=response.url)))


class Pipeline:
    """A pipeline that passes all on."""

    def open_spider(self):
        """Do nothing."""

    def process_item(self, item):
        return item

    def close_spider(self):
        """Do nothing."""


class ThrowsInOpenSpider(Pipeline):
    def open_spider(self):
        raise ArithmeticError("thrown in open_spider")


class ThrowsInProcessItem(Pipeline):
    seen: ClassVar[int] = 0

    def process_item(self, item):
        type(self).seen += 1
        if self.seen % 2:
            raise DropItem("thrown for every other item")
        raise ArithmeticError("thrown in process_item")


class ThrowsInCloseSpider(Pipeline):
    def close_spider(self):
        raise ArithmeticError("thrown in close_spider")
