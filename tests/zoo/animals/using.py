"""Spiders whose fault is in how they use what they keep; a comment names the line."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

from scrapy import Request
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.enterprise import adbapi
from twisted.internet.defer import DeferredQueue, DeferredSemaphore
from twisted.internet.task import LoopingCall, deferLater

from tests.zoo.animals.weights import Padded, copy_of


def text_of(item):
    return item["text"] + item["url"]


class Unawaited(Padded):
    name = "unawaited"


class Awaited(Unawaited):
    name = "awaited"


class DatabasePipeline:
    """Has its items inserted, and waits for none."""

    seconds = 0.5

    def open_spider(self):
        self.closing = threading.Event()
        self.dbpool = adbapi.ConnectionPool(
            "sqlite3", ":memory:", check_same_thread=False, cp_max=2
        )

    def process_item(self, item):
        row = text_of(item)
        inserted = self.dbpool.runInteraction(self.insert, row)  # here: database
        inserted.addErrback(self.failed)
        return item

    def insert(self, transaction, row):
        self.closing.wait(self.seconds)

    def failed(self, failure):
        return None

    def close_spider(self):
        self.closing.set()
        self.dbpool.close()


class AwaitedDatabase(DatabasePipeline):
    seconds = 0.02

    async def process_item(self, item):
        inserted = self.dbpool.runInteraction(self.insert, text_of(item))
        await maybe_deferred_to_future(inserted)
        return item


class Uploads:
    """Is part of a pipeline, and has a pool."""

    seconds = 0.5

    def open_spider(self):
        self.closing = threading.Event()
        self._uploads = ThreadPoolExecutor(max_workers=2)

    def upload_later(self, text):
        future = self._uploads.submit(self._upload, text)  # here: pool_of_mixin
        future.add_done_callback(self._uploaded)
        return future

    def _upload(self, text):
        self.closing.wait(self.seconds)

    def _uploaded(self, future):
        self.last = future.done()

    def close_spider(self):
        self.closing.set()
        self._uploads.shutdown()


class MixedPipeline(Uploads):
    def process_item(self, item):
        self.upload_later(text_of(item))
        return item


class AwaitedMixedPipeline(Uploads):
    seconds = 0.02

    async def process_item(self, item):
        await asyncio.wrap_future(self.upload_later(text_of(item)))
        return item


class Turns(Padded):
    name = "turns"


class InTurn(Turns):
    name = "in_turn"


class DequePipeline:
    """Has a deque of items, of which a looping call stores one at a time."""

    most = 1

    def open_spider(self):
        self.waiting = deque()
        self.storing = LoopingCall(self.store)
        self.storing.start(0.2)

    def process_item(self, item):
        self.waiting.append({"text": text_of(item)})  # here: deque_queue
        return item

    def store(self):
        for _ in range(min(self.most, len(self.waiting))):
            self.waiting.popleft()

    def close_spider(self):
        self.storing.stop()


class DequeInTime(DequePipeline):
    most = 1000


class DeferredPipeline:
    """Has a queue of Twisted's, from which one takes slowly."""

    consumers = 1

    def open_spider(self):
        self.rows = DeferredQueue()
        for _ in range(self.consumers):
            self.take()

    def take(self):
        self.rows.get().addCallback(self.store)

    def process_item(self, item):
        self.rows.put({"text": text_of(item)})  # here: deferred_queue
        return item

    def store(self, row):
        from twisted.internet import reactor

        reactor.callLater(0.2, self.take)


class DeferredInTime(DeferredPipeline):
    consumers = 100


class SemaphorePipeline:
    """Lets two items at a time be stored, and waits for none."""

    seconds = 0.3

    def open_spider(self):
        self.limit = DeferredSemaphore(2)

    def process_item(self, item):
        self.limit.run(self.store, text_of(item))  # here: semaphore
        return item

    def store(self, text):
        from twisted.internet import reactor

        return deferLater(reactor, self.seconds)


class AwaitedSemaphore(SemaphorePipeline):
    seconds = 0.02

    async def process_item(self, item):
        await maybe_deferred_to_future(self.limit.run(self.store, text_of(item)))
        return item


class DeadConsumers(Padded):
    name = "dead_consumers"


class LiveConsumers(DeadConsumers):
    name = "live_consumers"


class DeadTask:
    """Has a task that ends with the first item, which has no price."""

    def open_spider(self):
        self.rows = asyncio.Queue()
        self.storing = asyncio.ensure_future(self.store())

    async def process_item(self, item):
        await self.rows.put({"text": text_of(item)})  # here: dead_task
        return item

    async def store(self):
        while True:
            self.write(await self.rows.get())

    def write(self, row):
        return row["price"]

    def close_spider(self):
        self.storing.cancel()


class LiveTask(DeadTask):
    def write(self, row):
        return row.get("price")


class DeadThread:
    """Has a thread that ends with the first item."""

    def open_spider(self):
        self.rows = Queue()
        self.thread = threading.Thread(target=self.store, name="storing")
        self.thread.start()

    def process_item(self, item):
        self.rows.put({"text": text_of(item)})  # here: dead_thread
        return item

    def store(self):
        self.rows.get()

    def close_spider(self):
        self.rows.put(None)
        self.thread.join()


class LiveThread(DeadThread):
    def store(self):
        while self.rows.get() is not None:
            pass


class HalfFail(Padded):
    """Visits pages of which every other hangs up."""

    name = "half_fail"
    custom_settings = {"RETRY_ENABLED": False, "LOG_LEVEL": "CRITICAL"}

    def page(self, number, **kwargs):
        self.path = f"/page/{{}}?kb=240&ms=100&drop={number % 2}"
        return super().page(number, **kwargs)


class HalfFailAtMost(HalfFail):
    name = "half_fail_at_most"


class RequestsUnderWay:
    """Keeps a text for each request until there is its response."""

    def __init__(self):
        self.started = {}

    def process_request(self, request):
        self.started[request.url] = "of " * 80_000 + request.url  # here: on_success

    def process_response(self, request, response):
        self.started.pop(request.url, None)
        return response


class RequestsThatEnd(RequestsUnderWay):
    def process_exception(self, request, exception):
        self.started.pop(request.url, None)


class Pending(Padded):
    """Has a text for each page, of which some are done with."""

    name = "pending"
    every = 2

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pending = {}

    def page(self, number, **kwargs):
        return Request(self.site + self.path.format(number), self.begin, **kwargs)

    def begin(self, response):
        self.pending[response.url] = copy_of(response)  # here: conditional
        yield from self.finish(response)

    def finish(self, response):
        if hash(response.url) % self.every == 0:
            self.pending.pop(response.url)
        yield {"url": response.url, "text": ""}


class AllDone(Pending):
    name = "all_done"
    every = 1
