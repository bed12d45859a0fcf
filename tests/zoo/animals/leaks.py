"""More ways to leak; a comment names the line to be found."""

from __future__ import annotations

import collections
import gc
import threading

import scrapy
from scrapy import Request
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.threads import deferToThread

from tests import increments
from tests.zoo.animals.base import Endless, Lister, Visitor


class Keeper(Visitor):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kept = []


class OneInFour(Keeper):
    name = "one_in_four"
    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen % 4 == 0:
            self.kept.append(response)  # here: one_in_four


class Late(Keeper):
    name = "late"
    seen = 0

    def parse(self, response):
        self.seen += 1
        if self.seen > 600:
            self.kept.append(response)  # here: late


class BesideABacklog(Endless):
    name = "beside_a_backlog"

    def below(self, response):
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(
                href,
                self.parse,
                meta={"referer": response},  # here: beside_a_backlog
            )


class Product(scrapy.Item):
    url = scrapy.Field()


class KeptItems(Visitor):
    name = "kept_items"

    def parse(self, response):
        yield Product(url=response.url)


class KeepingAll:
    def __init__(self):
        self.items = []

    def process_item(self, item):
        self.items.append(item)  # here: kept_items
        return item


class KeptRequests(Visitor):
    name = "kept_requests"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.unsent = []

    def parse(self, response):
        self.unsent.append(Request(response.url + "?again"))  # here: kept_requests


class AmongTheDead(OneInFour):
    """Keeps some pages while the others die in cycles that go late."""

    name = "among_the_dead"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        increments.install()
        gc.set_threshold(20_000, 20, 20)

    def parse(self, response):
        response.meta["page"] = response
        super().parse(response)


class GcIsOff(Keeper):
    name = "gc_is_off"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        gc.disable()

    def parse(self, response):
        self.kept.append(response)  # here: gc_is_off


class BesideACache(Keeper):
    name = "beside_a_cache"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = collections.deque(maxlen=200)

    def parse(self, response):
        self.last.append(response)
        self.kept.append(response)  # here: beside_a_cache


class Before(Lister):
    name = "before"
    pages = 300


class AfterAnotherCrawl(Keeper):
    name = "after_another_crawl"

    def parse(self, response):
        self.kept.append(response)  # here: after_another_crawl


class DownloadedInline(Keeper):
    name = "downloaded_inline"

    async def parse(self, response):
        more = await self.crawler.engine.download_async(Request(response.url + "?more"))
        self.kept.append(more)  # here: downloaded_inline


class Offer:
    def __init__(self, url):
        self.url = url


class TrackedClass(Visitor):
    name = "tracked_class"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.offers = []

    def parse(self, response):
        self.offers.append(Offer(response.url))  # here: tracked_class


OF_THREAD = threading.local()


class KeptByThreads(Visitor):
    """Has threads look at the pages; each remembers its own."""

    name = "kept_by_threads"
    most = 1_000_000

    async def parse(self, response):
        await maybe_deferred_to_future(deferToThread(self.look_at, response))

    def look_at(self, response):
        pages = vars(OF_THREAD).setdefault("pages", [])
        pages.append(response)
        del pages[: -self.most]


class FewKeptByThreads(KeptByThreads):
    name = "few_kept_by_threads"
    most = 4
