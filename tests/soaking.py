"""The crawl that soaks: it goes on for ever, and breathes.

It keeps its responses for a breath and none for another, so that what it has is
suspected, looked at by a child, told, billed and withdrawn, again and again.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from pathlib import Path

import scrapy
from scrapy import signals
from twisted.internet.task import LoopingCall

import scrapy_leakwatch

PACKAGE = str(Path(scrapy_leakwatch.__file__).parent / "*")
BALLAST = 100_000
"""Bytes that are kept with each response, for bills to be due."""


class Breathing(scrapy.Spider):
    name = "breathing"
    seen = 0

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):  # the name of start() before Scrapy 2.13
        self.kept, self.begun = [], time.monotonic()
        for pid in range(8):
            yield scrapy.Request(f"{self.shop}/product.php?pid={pid}", self.parse)

    def parse(self, response):
        self.seen += 1
        if self.seen % 25 == 0:
            gc.collect()
        breath_s = self.settings.getfloat("BREATH")
        if (time.monotonic() - self.begun) % (2 * breath_s) < breath_s:
            self.kept.append((response, bytes(BALLAST)))
        else:
            self.kept.clear()
        href = response.css("a.product::attr(href)").get()
        # A duplicate would end the crawl, and fingerprints would pile up.
        yield response.follow(href, self.parse, dont_filter=True)
        yield {"name": response.css("h1::text").get()}


class Witness:
    """Writes what LeakWatch's own objects take, a line at a time."""

    def __init__(self, path, every_s):
        self.path, self.every_s = Path(path), every_s
        self.timer = LoopingCall(self.look)

    @classmethod
    def from_crawler(cls, crawler):
        settings = crawler.settings
        witness = cls(settings["WITNESS"], settings.getfloat("WITNESS_INTERVAL"))
        crawler.signals.connect(witness.spider_opened, signals.spider_opened)
        crawler.signals.connect(witness.spider_closed, signals.spider_closed)
        return witness

    def spider_opened(self):
        tracemalloc.start()
        self.timer.start(self.every_s)

    def spider_closed(self):
        self.timer.stop()
        tracemalloc.stop()

    def look(self):
        only = [tracemalloc.Filter(True, PACKAGE)]
        traces = tracemalloc.take_snapshot().filter_traces(only).statistics("filename")
        seen = {
            "time": time.time(),
            "own_objects": sum(map(is_own, gc.get_objects())),
            "own_bytes": sum(each.size for each in traces),
        }
        with self.path.open("a") as file:
            file.write(json.dumps(seen) + "\n")


def is_own(obj):
    return str(type(obj).__module__).partition(".")[0] == "scrapy_leakwatch"
