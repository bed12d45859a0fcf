"""Counts what LeakWatch does not record: when each response was received."""

from __future__ import annotations

import json
import os
import time

from scrapy import signals

FILE = "received.jsonl"
EVERY = 10


class Witness:
    """Writes the time and the number of responses received, each tenth."""

    def __init__(self, curfew_s: float) -> None:
        self.curfew_s = curfew_s
        self.received = 0
        self.fd = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @classmethod
    def from_crawler(cls, crawler):
        witness = cls(crawler.settings.getfloat("WITNESS_CURFEW"))
        for handler in (
            witness.spider_opened,
            witness.response_received,
            witness.spider_closed,
        ):
            crawler.signals.connect(handler, getattr(signals, handler.__name__))
        return witness

    def spider_opened(self) -> None:
        if self.curfew_s:
            from twisted.internet import reactor

            reactor.callLater(self.curfew_s, os._exit, 0)

    def response_received(self) -> None:
        self.received += 1
        if self.received == 1 or self.received % EVERY == 0:
            self.write()

    def spider_closed(self) -> None:
        self.write()

    def write(self) -> None:
        line = json.dumps([time.time(), self.received]) + "\n"
        os.write(self.fd, line.encode())
