"""Spiders and pipelines of which something never ends, and others that take long."""

from __future__ import annotations

import asyncio

import scrapy
from scrapy import signals
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import deferLater


async def sleep(seconds):
    """Wait, with a reactor and without."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        from twisted.internet import reactor

        await deferLater(reactor, seconds)
    else:
        await asyncio.sleep(seconds)


class Pages(scrapy.Spider):
    """Visits so many pages."""

    pages = 12

    async def start(self):
        for number in range(self.pages):
            yield self.page(number)

    def page(self, number):
        return scrapy.Request(f"{self.shop}/product.php?pid={number}")

    def parse(self, response):
        yield {"url": response.url}


class AwaitsNobody(Pages):
    name = "awaits_nobody"

    async def parse(self, response):
        await self.answer(response)

    async def answer(self, response):
        answer = maybe_deferred_to_future(Deferred())
        await answer  # here: future


class KeepsThem(Pages):
    """Keeps what its callbacks await, and fires none."""

    name = "keeps_them"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.answers = []

    async def parse(self, response):
        answer = Deferred()
        self.answers.append(answer)
        await maybe_deferred_to_future(answer)  # here: kept
        yield {"url": response.url}


class Locks(Pages):
    name = "locks"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lock = DeferredLock()

    async def parse(self, response):
        await maybe_deferred_to_future(self.lock.acquire())  # here: lock
        if response.url.endswith("pid=0"):
            self.lock.release()


class AsyncioLocks(Pages):
    name = "asyncio_locks"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lock = asyncio.Lock()

    async def parse(self, response):
        await self.lock.acquire()  # here: asyncio lock
        yield {"url": response.url}


class Stores(Pages):
    name = "stores"


class NeverFires:
    def process_item(self, item):  # here: pipeline
        return Deferred()


class KeepsUnfired:
    def __init__(self):
        self.waiting = []

    def process_item(self, item):  # here: kept by pipeline
        stored = Deferred()
        self.waiting.append(stored)
        return stored


class SomeHang(Pages):
    """One page of ten never ends."""

    name = "some_hang"
    pages = 100_000

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kept = []

    async def start(self):
        for number in range(self.pages):
            yield self.page(number)
            if number % 32 == 31:
                await self.crawler.signals.wait_for(signals.scheduler_empty)

    async def parse(self, response):
        number = int(response.url.rpartition("=")[2])
        if number % 10 == 0:
            self.kept.append(Deferred())
            await maybe_deferred_to_future(self.kept[-1])  # here: some
        yield {"url": response.url}


class Slow(Pages):
    """Each callback takes long, and ends."""

    name = "slow"

    async def parse(self, response):
        await sleep(4)
        yield {"url": response.url}


class Goes(Pages):
    """Its callbacks wait for one another, until a page of the others comes."""

    name = "goes"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.gate = Deferred()

    async def parse(self, response):
        gate = Deferred()
        self.gate.chainDeferred(gate)
        await maybe_deferred_to_future(gate)
        yield {"url": response.url}

    def open(self):
        self.gate.callback(None)


class OpensNever:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        return self

    async def spider_opened(self):
        await maybe_deferred_to_future(Deferred())  # here: opening


class ClosesNever:
    async def close_spider(self):
        self.answer = Deferred()
        await maybe_deferred_to_future(self.answer)  # here: closing
