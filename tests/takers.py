"""Components that take something and never give it back, one kind each.

`taken_at` finds the line that took it by its mark, ``# taken`` and the class.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from pydispatch import dispatcher
from scrapy import signals
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall

NOWHERE = subprocess.DEVNULL
SPIDERS = []
CRAWLERS = []
FILES = []


class Taker:
    """Takes on ``spider_opened``."""

    @classmethod
    def from_crawler(cls, crawler):
        taker = cls()
        taker.crawler = crawler
        crawler.signals.connect(taker.spider_opened, signals.spider_opened)
        return taker


class TakesLoopingCall(Taker):
    def spider_opened(self):
        self.loop = LoopingCall(self.poll)  # taken
        self.loop.start(5, now=False)

    def poll(self):
        pass


class TakesScrapysLoopingCall(Taker):
    def spider_opened(self):
        from scrapy.utils.asyncio import create_looping_call

        call = create_looping_call(self.poll)  # taken
        call.start(5, now=False)

    def poll(self):
        pass


class TakesDelayedCall(Taker):
    def spider_opened(self):
        from twisted.internet import reactor

        reactor.callLater(3600, self.much_later)  # taken

    def much_later(self):
        pass


class TakesPort(Taker):
    def spider_opened(self):
        from twisted.internet import reactor

        factory = Factory.forProtocol(Protocol)
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")  # taken


class TakesTask(Taker):
    def spider_opened(self):
        self.task = asyncio.ensure_future(self.work())  # taken

    async def work(self):
        await asyncio.sleep(3600)


class TakesTimer(Taker):
    def spider_opened(self):
        loop = asyncio.get_event_loop()
        loop.call_later(3600, self.much_later)  # taken

    def much_later(self):
        pass


class TakesServer(Taker):
    async def spider_opened(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)  # taken

    async def serve(self, reader, writer):
        writer.close()


class TakesThread(Taker):
    def spider_opened(self):
        threading.Thread(target=self.work, daemon=True).start()  # taken

    def work(self):
        time.sleep(3600)


class TakesThreadOfFunction(Taker):
    def spider_opened(self):
        thread = threading.Thread(target=sleep_long, daemon=True)  # taken
        thread.start()


def sleep_long():
    time.sleep(3600)


class TakesChild:
    """An item pipeline."""

    def open_spider(self, spider=None):
        self.child = subprocess.Popen(["sleep", "9"], stderr=NOWHERE)  # taken

    def process_item(self, item, spider=None):
        return item


class TakesFile:
    """An item pipeline."""

    def __init__(self):
        self.file = open("items.jl", "w")  # noqa: SIM115  taken

    def process_item(self, item, spider=None):
        return item


class TakesFilesForAModule(Taker):
    def spider_opened(self):
        for number in range(3):
            FILES.append(open(f"{number}.txt", "w"))  # noqa: SIM115  taken


class TakesSocket(Taker):
    def spider_opened(self):
        self.socket = socket.socket()  # taken


class TakesDatabase:
    """An item pipeline."""

    def open_spider(self, spider=None):
        self.database = sqlite3.connect("items.db")  # taken
        self.database.execute("create table if not exists items (name)")

    def process_item(self, item, spider=None):
        return item


class TakesDirectory(Taker):
    def spider_opened(self):
        self.folder = tempfile.mkdtemp()  # taken


class TakesReceiver(Taker):
    def spider_opened(self):
        dispatcher.connect(  # taken
            self.item_scraped, signals.item_scraped, weak=False
        )

    def item_scraped(self):
        pass


class TakesHandler(Taker):
    def spider_opened(self):
        handler = logging.FileHandler("crawl.log")
        logging.getLogger("shop").addHandler(handler)  # taken


class TakesHelper(Taker):
    """Has a helper that keeps a thread."""

    def spider_opened(self):
        self.writer = Writer()


class Writer:
    def __init__(self):
        self.thread = threading.Thread(target=self.run, daemon=True)  # taken
        self.thread.start()

    def run(self):
        time.sleep(3600)


class KeepsSpider(Taker):
    def spider_opened(self, spider):
        SPIDERS.append(spider)  # taken


class KeepsCrawler(Taker):
    def spider_opened(self):
        CRAWLERS.append(self.crawler)  # taken


class ChangesItsMind(Taker):
    """Stops the reactor before LeakWatch has looked."""

    def __init__(self):
        self.loop = LoopingCall(self.poll)

    def poll(self):
        pass

    def spider_opened(self):
        self.crawler.signals.connect(self.engine_stopped, signals.engine_stopped)
        self.loop.start(60)

    def engine_stopped(self):
        from twisted.internet import reactor

        reactor.stop()


class Interrupts:
    """An item pipeline: has the crawl stopped while its spider closes."""

    @classmethod
    def from_crawler(cls, crawler):
        pipeline = cls()
        pipeline.crawler = crawler
        return pipeline

    async def close_spider(self):
        await self.crawler.stop_async()


def taken_at(name: str) -> str:
    """Return where a component takes what it never gives back."""
    cls = Writer if name == "TakesHelper" else getattr(sys.modules[__name__], name)
    lines, first = inspect.getsourcelines(cls)
    (line,) = [first + n for n, line in enumerate(lines) if " taken\n" in line]
    return f"tests/takers.py:{line}"
