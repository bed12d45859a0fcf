"""Spiders of which something never ends, and twins; a comment names the line."""

from __future__ import annotations

from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred, DeferredLock

from tests.zoo.animals.base import Lister, Visitor
from tests.zoo.animals.pace import sleep


class NeverAnswered(Lister):
    """Asks another service about each page, and nobody takes its answers."""

    name = "never_answered"
    pages = 60

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.questions = []

    async def parse(self, response):
        answer = Deferred()
        self.questions.append(answer)
        yield {"answer": await maybe_deferred_to_future(answer)}  # here: never_answered


class AnsweredLate(NeverAnswered):
    """Gets its answers, all at once and late."""

    name = "answered_late"

    async def parse(self, response):
        if not self.questions:
            self.call = create_looping_call(self.answer)
            self.call.start(5, now=False)
        async for item in super().parse(response):
            yield item

    def answer(self):
        while self.questions:
            self.questions.pop().callback("late")

    def closed(self, reason):
        self.call.stop()


class NeverStored(Lister):
    name = "never_stored"
    pages = 60


class Forgetful:
    """Stores items by Deferreds, and forgets to fire them."""

    def __init__(self):
        self.waiting = []

    def process_item(self, item):  # here: never_stored
        self.waiting.append(stored := Deferred())
        return stored.addCallback(lambda _: item)


class StoresInBatches(Forgetful):
    """Fires them a batch at a time."""

    def open_spider(self):
        self.call = create_looping_call(self.store)
        self.call.start(4)

    def store(self):
        while self.waiting:
            self.waiting.pop().callback(None)

    def close_spider(self):
        self.store()
        self.call.stop()


class KeepsTheLock(Visitor):
    """Takes a lock for each page, and does not release it after an error."""

    name = "keeps_the_lock"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lock = DeferredLock()

    async def parse(self, response):
        await maybe_deferred_to_future(self.lock.acquire())  # here: keeps_the_lock
        self.work(response)
        self.lock.release()

    def work(self, response):
        if response.url.endswith("/150"):
            raise ValueError("this page is broken")


class ReleasesTheLock(KeepsTheLock):
    """Releases it after an error, too."""

    name = "releases_the_lock"

    async def parse(self, response):
        await maybe_deferred_to_future(self.lock.acquire())
        try:
            self.work(response)
        finally:
            self.lock.release()


class SomeNeverEnd(NeverAnswered):
    """Only one page of ten asks."""

    name = "some_never_end"
    pages = 4000

    async def parse(self, response):
        if response.url.endswith("0"):
            async for item in super().parse(response):
                yield item


class Pausing(Visitor):
    """Is paused for a while, with callbacks under way."""

    name = "pausing"
    paused = False

    async def parse(self, response):
        if not self.paused and response.url.endswith("/100"):
            self.paused = True
            self.crawler.engine.pause()
            await sleep(5)
            self.crawler.engine.unpause()
