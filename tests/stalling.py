"""Spiders and pipelines of which something never ends, and others that take long."""

from __future__ import annotations

import asyncio
import threading
import time
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future
from twisted.internet.defer import Deferred, DeferredLock, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater

from scrapy_leakwatch.signals import leak_detected


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
        for request in self.start_requests():
            yield request

    def start_requests(self):
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
    def process_item(self, item, spider=None):  # here: pipeline
        return Deferred()


class KeepsUnfired:
    def __init__(self):
        self.waiting = []

    def process_item(self, item, spider=None):  # here: kept by pipeline
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


class Inline(Pages):
    name = "inline"

    async def parse(self, response):
        await maybe_deferred_to_future(self.older(response))

    @inlineCallbacks
    def older(self, response):
        self.answer = Deferred()
        yield self.answer  # here: inline
        return response.url


class Quick(Pages):
    name = "quick"


class Paused(Pages):
    """The engine is paused while callbacks wait."""

    name = "paused"

    async def parse(self, response):
        self.crawler.engine.pause()
        self.answer = Deferred()
        await maybe_deferred_to_future(self.answer)


class WaitsForWork(Pages):
    """Has nothing to do until its start() gets more."""

    name = "waits_for_work"

    async def start(self):
        yield self.page(0)
        self.work = Deferred()
        await maybe_deferred_to_future(self.work)


class IdlesOn(Pages):
    """Is idle, and does not close."""

    name = "idles_on"

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.spider_idle, signals.spider_idle)
        return spider

    def spider_idle(self):
        raise DontCloseSpider


class Polls(Pages):
    """Its callbacks wait for what a task of its own does now and then."""

    name = "polls"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.answers = []
        self.task = None

    async def parse(self, response):
        self.task = self.task or deferred_from_coro(self.work())
        self.answers.append(Deferred())
        await maybe_deferred_to_future(self.answers[-1])
        yield {"url": response.url}

    async def work(self):
        while True:
            await sleep(8)
            for answer in self.answers:
                answer.callback(None)


class InThreads(Pages):
    """Each callback waits for a thread."""

    name = "in_threads"

    async def parse(self, response):
        answer = Deferred()
        thread = threading.Thread(target=self.work, args=[answer], daemon=True)
        thread.start()
        await maybe_deferred_to_future(answer)

    def work(self, answer):
        time.sleep(60)
        answer.callback(None)


class Listening:
    """What comes on a connection fires what is awaited."""

    def dataReceived(self, data):  # noqa: N802, Twisted calls it
        self.spider.answers.pop().callback(data)


class Listens(KeepsThem):
    """Keeps a connection open, from which the answers may come."""

    name = "listens"

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.spider_opened, signals.spider_opened)
        return spider

    async def spider_opened(self):
        port = urlsplit(self.shop).port
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            from twisted.internet import reactor
            from twisted.internet.protocol import Factory, Protocol

            kind = type("Client", (Listening, Protocol), {"spider": self})
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
            self.client = await endpoint.connect(Factory.forProtocol(kind))
        else:
            kind = type("Client", (Listening, asyncio.Protocol), {"spider": self})
            loop = asyncio.get_running_loop()
            self.client = await loop.create_connection(kind, "127.0.0.1", port)


class Slow(Pages):
    """Each callback takes long, and ends."""

    name = "slow"

    async def parse(self, response):
        await sleep(4)
        yield {"url": response.url}


class GoesOn(Pages):
    """Its callbacks wait until a verdict is told, and then it visits more pages."""

    name = "goes_on"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.told = False
        self.gates = []
        self.more = 0

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.leak_detected, leak_detected)
        return spider

    def leak_detected(self):
        self.told = True
        for gate in self.gates:
            gate.callback(None)

    async def parse(self, response):
        if not self.told:
            self.gates.append(Deferred())
            await maybe_deferred_to_future(self.gates[-1])
        await sleep(0.02)
        self.more += 1
        if self.more < 1500:
            yield self.page(1000 + self.more)


class OpensNever:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        return self

    async def spider_opened(self):
        await maybe_deferred_to_future(Deferred())  # here: opening


class ClosesNever:
    async def close_spider(self, spider=None):
        self.answer = Deferred()
        await maybe_deferred_to_future(self.answer)  # here: closing
