"""Counts what LeakWatch does not record: when each response was received."""

from __future__ import annotations

import json
import os
import sys
import time

from scrapy import signals
from twisted.internet.task import LoopingCall

from scrapy_leakwatch.internals.versions import close_spider, create_looping_call

FILE = "received.jsonl"
EVERY = 10
EVERY_S = 0.25


class Witness:
    """Writes the time and the number of responses received, each tenth.

    Ends the crawl after ``seconds``, but on a slow machine not before ``enough``
    responses were received.
    """

    def __init__(self, crawler, curfew_s: float, seconds: float, enough: int) -> None:
        self.crawler = crawler
        self.curfew_s = curfew_s
        self.seconds = seconds
        self.enough = enough
        self.opened = time.monotonic()
        # Not a task, where there is a reactor: rows are about the tasks of crawls.
        twisted = "twisted.internet.reactor" in sys.modules
        self.watching = (LoopingCall if twisted else create_looping_call)(self.look)
        self.received = 0
        self.fd = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @classmethod
    def from_crawler(cls, crawler):
        witness = cls(
            crawler,
            crawler.settings.getfloat("WITNESS_CURFEW"),
            crawler.settings.getfloat("WITNESS_SECONDS"),
            crawler.settings.getint("WITNESS_ENOUGH"),
        )
        for handler in (
            witness.spider_opened,
            witness.response_received,
            witness.spider_closed,
        ):
            crawler.signals.connect(handler, getattr(signals, handler.__name__))
        return witness

    def spider_opened(self) -> None:
        self.opened = time.monotonic()
        self.watching.start(EVERY_S)
        if self.curfew_s:
            from twisted.internet import reactor

            reactor.callLater(self.curfew_s, os._exit, 0)

    def response_received(self) -> None:
        self.received += 1
        if self.received == 1 or self.received % EVERY == 0:
            self.write()

    def spider_closed(self) -> None:
        self.watching.stop()
        self.write()

    def look(self) -> None:
        late = time.monotonic() - self.opened >= self.seconds
        if late and self.received >= self.enough:
            close_spider(self.crawler, "long_enough")

    def write(self) -> None:
        line = json.dumps([time.time(), self.received]) + "\n"
        os.write(self.fd, line.encode())
