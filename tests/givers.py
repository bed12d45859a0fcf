"""Components that make heavy use of resources and give all of them back."""

from __future__ import annotations

import asyncio
import csv
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydispatch import dispatcher
from scrapy import signals
from scrapy.exporters import CsvItemExporter
from scrapy.pipelines.files import FilesPipeline
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread


class Giver:
    """Takes on ``spider_opened`` and gives back on ``spider_closed``."""

    @classmethod
    def from_crawler(cls, crawler):
        giver = cls()
        giver.crawler = crawler
        for name in ("spider_opened", "spider_closed", "engine_stopped"):
            if hasattr(cls, name):
                crawler.signals.connect(getattr(giver, name), getattr(signals, name))
        return giver


class Loops(Giver):
    """Looping and delayed calls of Twisted, and one that is nearly due."""

    def spider_opened(self):
        from twisted.internet import reactor

        self.loops = [LoopingCall(self.poll, number) for number in range(50)]
        for loop in self.loops:
            loop.start(0.01)
        self.calls = [reactor.callLater(3600, self.poll, each) for each in range(50)]

    def poll(self, number):
        pass

    def spider_closed(self):
        from twisted.internet import reactor

        for loop in self.loops:
            loop.stop()
        for call in self.calls:
            call.cancel()
        reactor.callLater(0.5, self.poll, 0)


class Tasks(Giver):
    """Tasks that are cancelled and need a turn to end, and timers."""

    def spider_opened(self):
        loop = asyncio.get_event_loop()
        self.tasks = [loop.create_task(self.work()) for _ in range(50)]
        self.timers = [loop.call_later(3600, self.poll) for _ in range(50)]

    async def work(self):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.02)

    def poll(self):
        pass

    def spider_closed(self):
        for each in (*self.tasks, *self.timers):
            each.cancel()


class Threads(Giver):
    """Threads, an executor, and workers of the process's own pools."""

    def spider_opened(self):
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.work) for _ in range(5)]
        for thread in self.threads:
            thread.start()
        self.pool = ThreadPoolExecutor(5)
        for _ in range(50):
            self.pool.submit(time.sleep, 0.001)

    def work(self):
        while not self.stop.wait(0.01):
            pass
        time.sleep(0.03)

    def spider_closed(self):
        self.stop.set()  # the last of them ends in a moment
        self.pool.shutdown(wait=False)


class PooledThreads(Giver):
    """Leaves its work to the threads of the reactor or the event loop."""

    async def spider_opened(self):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            await maybe_deferred_to_future(deferToThread(self.work))
        else:
            await loop.run_in_executor(None, self.work)

    def work(self):
        time.sleep(0.001)


class Ports(Giver):
    """Listens, and connects to itself; gives back when the engine has stopped."""

    def spider_opened(self):
        from twisted.internet import reactor

        factory = Factory.forProtocol(Protocol)
        self.ports = [
            reactor.listenTCP(0, factory, interface="127.0.0.1") for _ in range(10)
        ]

    async def engine_stopped(self):
        for port in self.ports:
            await maybe_deferred_to_future(port.stopListening())


class Slow(Giver):
    """Needs half a second to give back, and says so by a Deferred."""

    def spider_opened(self):
        from twisted.internet import reactor

        factory = Factory.forProtocol(Protocol)
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.loop = LoopingCall(self.poll)
        self.loop.start(1)

    def poll(self):
        pass

    def engine_stopped(self):
        from twisted.internet import reactor

        done = Deferred()
        done.addCallback(lambda _: self.loop.stop())
        done.addCallback(lambda _: self.port.stopListening())
        reactor.callLater(0.5, done.callback, None)
        return done


class Files:
    """An item pipeline: a file, a table, a database, a folder."""

    def open_spider(self, spider=None):
        self.folder = tempfile.mkdtemp()
        self.spare = tempfile.TemporaryDirectory()
        self.file = open(os.path.join(self.folder, "a"), "w")  # noqa: SIM115
        self.writer = csv.writer(self.file)
        self.table = open(os.path.join(self.folder, "b"), "wb")  # noqa: SIM115
        self.exporter = CsvItemExporter(self.table)
        self.exporter.start_exporting()
        self.database = sqlite3.connect(os.path.join(self.folder, "c"))
        self.socket = socket.socket()

    def process_item(self, item, spider=None):
        self.writer.writerow([item["name"]])
        self.exporter.export_item(item)
        Path(self.folder, "d").write_text(item["name"])
        return item

    def close_spider(self, spider=None):
        self.file.close()
        self.exporter.finish_exporting()
        self.table.close()
        self.database.close()
        self.socket.close()
        self.spare.cleanup()
        shutil.rmtree(self.folder)


class Children(Giver):
    """Runs commands, and waits for them."""

    def spider_opened(self):
        self.children = [subprocess.Popen(["sleep", "30"]) for _ in range(5)]
        subprocess.run(["true"], check=True)

    def spider_closed(self):
        for child in self.children:
            child.terminate()
            child.wait()


class Listens(Giver):
    """Connects to signals and adds handlers; connects most receivers weakly."""

    def spider_opened(self):
        self.crawler.signals.connect(self.seen, signals.item_scraped)
        dispatcher.connect(self.seen, signals.response_received, weak=False)
        self.handler = logging.FileHandler("giver.log")
        logging.getLogger("shop").addHandler(self.handler)

    def seen(self):
        pass

    def spider_closed(self):
        dispatcher.disconnect(self.seen, signals.response_received, weak=False)
        logging.getLogger("shop").removeHandler(self.handler)
        self.handler.close()


class Metrics:
    """One for the process, whoever needs it first starts it."""

    thread = None
    file = None

    def start(self):
        if self.thread is None:
            self.thread = threading.Thread(target=self.work, daemon=True)
            self.thread.start()
            self.file = open("metrics.txt", "w")  # noqa: SIM115

    def work(self):
        time.sleep(3600)


METRICS = Metrics()
DATABASES = {}


def database():
    if "shared" not in DATABASES:
        DATABASES["shared"] = sqlite3.connect("shared.db")
    return DATABASES["shared"]


class Shares(Giver):
    """Uses what belongs to the process."""

    def spider_opened(self):
        self.metrics = METRICS
        self.metrics.start()
        self.database = database()


class Common(Giver):
    """One for all crawls of the process; the last to close ends it."""

    common = None
    crawls = 0

    @classmethod
    def from_crawler(cls, crawler):
        cls.common = cls.common or cls()
        crawler.signals.connect(cls.common.spider_opened, signals.spider_opened)
        crawler.signals.connect(cls.common.spider_closed, signals.spider_closed)
        return cls.common

    def spider_opened(self):
        self.crawls += 1
        if self.crawls == 1:
            self.loop = LoopingCall(self.poll)
            self.loop.start(0.1)

    def poll(self):
        pass

    def spider_closed(self):
        self.crawls -= 1
        if self.crawls == 0:
            self.loop.stop()


class Images(FilesPipeline):
    """A media pipeline with nothing to fetch."""
