"""Crawls that leave some of their work to child processes."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.zoo.animals.base import Passer, Visitor

KEPT = []
PAGE = 200_000
"""Bytes that a worker makes of a page."""
SHELF = 200
"""Pages in a worker that keeps no more."""

HELPER = """
import sys
kept = []
for line in sys.stdin:
    kept.append(line * (200_000 // len(line)))
    del kept[: -int(sys.argv[1])]
"""


def extract(url: str) -> int:
    """Make much of a page, in a worker, and keep it there."""
    KEPT.append(url * (PAGE // len(url)))
    return len(KEPT)


def extract_and_forget(url: str) -> int:
    """Keep what was made of the last pages alone."""
    del KEPT[:-SHELF]
    return extract(url)


class Extracting:
    """Has the workers of a pool extract each page."""

    work = staticmethod(extract)

    def open_spider(self, spider):
        spawned = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(1, mp_context=spawned)  # here: pool_grows

    def process_item(self, item, spider):
        self.pool.submit(self.work, item["url"]).result()
        return item

    def close_spider(self, spider):
        self.pool.shutdown()


class ExtractingInTurns(Extracting):
    """The workers keep few pages, and are many at last."""

    work = staticmethod(extract_and_forget)

    def open_spider(self, spider):
        forked = multiprocessing.get_context("fork")
        self.pool = ProcessPoolExecutor(3, mp_context=forked)


class PoolGrows(Passer):
    """Its pipeline's worker keeps each page."""


class PoolLevelsOff(Passer):
    """Its pipeline's workers keep the last pages."""


class HelperGrows(Visitor):
    """Writes each URL to a process that keeps it."""

    name = "helper_grows"
    kept = sys.maxsize

    async def start(self):
        arguments = [sys.executable, "-c", HELPER, str(self.kept)]
        self.helper = subprocess.Popen(  # here: helper_grows
            arguments, stdin=subprocess.PIPE, text=True
        )
        async for request in super().start():
            yield request

    def parse(self, response):
        self.helper.stdin.write(f"{response.url}\n")
        self.helper.stdin.flush()
        yield from super().parse(response)

    def closed(self, reason):
        self.helper.communicate()


class LargeHelper(HelperGrows):
    """Its process is large, and keeps the last pages alone."""

    name = "large_helper"
    kept = 100

    async def start(self):
        large = f"ballast = bytearray(b'1' * 150_000_000)\n{HELPER}"
        arguments = [sys.executable, "-c", large, str(self.kept)]
        self.helper = subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True)
        async for request in Visitor.start(self):
            yield request


class HelpersComeAndGo(Visitor):
    """Starts a process for each tenth page, which soon ends."""

    name = "helpers_come_and_go"
    started = 0
    HELPER = "import time\npage = bytearray(b'1' * 20_000_000)\ntime.sleep(0.2)"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helpers = []

    def parse(self, response):
        self.helpers = [each for each in self.helpers if each.poll() is None]
        self.started += 1
        if self.started % 10 == 0 and len(self.helpers) < 6:
            self.helpers.append(subprocess.Popen([sys.executable, "-c", self.HELPER]))
        yield from super().parse(response)

    def closed(self, reason):
        for helper in self.helpers:
            helper.wait()
