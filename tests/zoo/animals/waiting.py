"""Spiders of which something waits, and waits; a comment names the line."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from twisted.internet.threads import deferToThread

from tests.zoo.animals.weights import Padded, copy_of, number_of


class LongCoroutine(Padded):
    """Has one callback that walks all pages, and collects them in a variable."""

    name = "long_coroutine"
    at_once = 1
    path = "/page/{}?kb=120&ms=10"

    async def start(self):
        yield self.page(0)

    async def parse(self, response):
        rows = []
        async for page in self.pages(response):
            rows.append({"url": page.url, "text": copy_of(page)})  # here: rows
        yield {"pages": len(rows)}

    async def pages(self, response):
        ends = time.monotonic() + self.settings.getfloat("WITNESS_SECONDS")
        for number in itertools.count(1):
            yield response
            if time.monotonic() > ends:
                return
            response = await self.crawler.engine.download_async(self.page(number))


class PatientCoroutine(LongCoroutine):
    """Yields each page as it comes."""

    name = "patient_coroutine"

    async def parse(self, response):
        async for page in self.pages(response):
            yield {"url": page.url, "text": copy_of(page)}


class EachWaits(Padded):
    """Has a task for each page, and each waits for the one before."""

    name = "each_waits"
    path = "/page/{}?kb=20&ms=100"
    seconds = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.turn = None
        self.seen = 0

    def parse(self, response):
        self.seen += 1
        before = self.turn
        if self.seen % 40 == 1 and (self.seconds or before is None):
            before = asyncio.ensure_future(self.begin())
        self.turn = asyncio.ensure_future(self.store(response, before))

    async def begin(self):
        if self.seconds is None:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.seconds)

    async def store(self, response, before):
        await asyncio.wait([before])  # here: each_waits
        self.crawler.stats.inc_value(f"stored/{response.status}")

    def closed(self, reason):
        for task in asyncio.all_tasks():
            if task.get_coro().__qualname__.startswith("EachWaits."):
                task.cancel()


class TidyConsumers(EachWaits):
    """Has tasks that wait for a moment."""

    name = "tidy_consumers"
    seconds = 0.2

    def parse(self, response):
        super().parse(response)
        yield {"url": response.url, "text": copy_of(response)}


class SlowConsumers(Padded):
    name = "slow_consumers"


class QueuePipeline:
    """Has a queue of items, and a task that stores them one by one."""

    seconds = 0.1
    most = 0

    def open_spider(self):
        self.queue = asyncio.Queue(self.most)
        self.task = asyncio.ensure_future(self.store())

    async def process_item(self, item):
        await self.queue.put(item["text"] + item["url"])  # here: asyncio_queue
        return item

    async def store(self):
        while True:
            await self.queue.get()
            await asyncio.sleep(self.seconds)

    def close_spider(self):
        self.task.cancel()


class ThreadPipeline:
    """Has a queue of items, and a thread that stores them one by one."""

    seconds = 0.1

    def open_spider(self):
        self.records = queue.Queue()
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.store)
        self.thread.start()

    def process_item(self, item):
        self.records.put({"text": item["text"] + item["url"]})  # here: thread_queue
        return item

    def store(self):
        while self.records.get():
            self.closing.wait(self.seconds)

    def close_spider(self):
        self.closing.set()
        self.records.put(None)
        self.thread.join()


class SlowProcess(Padded):
    name = "slow_process"


def store_in_turn(records, seconds):
    """Store what comes, one by one."""
    while records.get():
        time.sleep(seconds)


class ProcessPipeline:
    """Has a queue of items, and a child process that stores them one by one."""

    seconds = 0.1
    most = 0

    def open_spider(self):
        context = multiprocessing.get_context("spawn")
        self.queue = context.Queue(self.most)
        self.worker = context.Process(
            target=store_in_turn, args=(self.queue, self.seconds)
        )
        self.worker.start()

    async def process_item(self, item):
        self.queue.put(item["text"] + item["url"])  # here: process_queue
        return item

    def close_spider(self):
        self.worker.terminate()
        self.worker.join()
        self.queue.cancel_join_thread()
        self.queue.close()


class FastQueue(QueuePipeline):
    seconds = 0
    most = 20


class FastThread(ThreadPipeline):
    seconds = 0


class SlowPools(Padded):
    name = "slow_pools"


class PoolPipeline:
    """Uploads each item in a pool of its own, and waits for none."""

    seconds = 0.5

    def open_spider(self):
        self.closing = threading.Event()
        self.pool = ThreadPoolExecutor(2)

    def process_item(self, item):
        self.pool.submit(self.upload, item["text"] + item["url"])  # here: executor
        return item

    def upload(self, text):
        self.closing.wait(self.seconds)

    def close_spider(self):
        self.closing.set()
        self.pool.shutdown()


class ReactorPipeline(PoolPipeline):
    """Uploads each item in a thread of the reactor, and waits for none."""

    def process_item(self, item):
        deferToThread(self.upload, item["text"] + item["url"])  # here: reactor_pool
        return item


class AwaitedPool(PoolPipeline):
    seconds = 0.02

    async def process_item(self, item):
        await asyncio.wrap_future(self.pool.submit(self.upload, item["text"]))
        return item


class AwaitedReactor(ReactorPipeline):
    seconds = 0.02

    def process_item(self, item):
        return deferToThread(self.upload, item["text"]).addCallback(lambda _: item)


class LongerTrail(Padded):
    """Has in meta the texts of all pages on the way to a request."""

    name = "longer_trail"
    most = None

    async def start(self):
        yield self.page(0)

    def parse(self, response):
        trail = [*response.meta.get("trail", ()), copy_of(response)]
        short = [len(trail)]
        first = 2 * number_of(response) + 1
        for number in (first, first + 1):
            meta = {"trail": short if self.most else trail}  # here: longer_trail
            yield self.page(number, meta=meta)


class ShortTrail(LongerTrail):
    name = "short_trail"
    most = 1
