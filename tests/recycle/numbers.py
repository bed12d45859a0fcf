"""Spiders of a site whose page n links to 5n+1 ... 5n+5."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import scrapy

from scrapy_leakwatch.internals import paths

PAGES = 160


class Numbers(scrapy.Spider):
    """Gets every page, and counts them in its state."""

    name = "numbers"
    custom_settings = {"LEAKWATCH_INTERVAL": 0.2}

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):
        for n in (0, 1, 2):
            yield scrapy.Request(f"{os.environ['SITE']}/{n}", dont_filter=True)

    def parse(self, response):
        n = int(response.url.rpartition("/")[2])
        self.state["pages"] = self.state.get("pages", 0) + 1
        yield {"n": n, "text": "x" * 100}
        for link in range(5 * n + 1, 5 * n + 6):
            if 2 < link < PAGES:
                yield response.follow(f"/{link}", **self.more())

    def more(self):
        return {}


class Killed(Numbers):
    """Is killed at its 40th and 70th page, and leaves how many were in progress."""

    name = "killed"

    def parse(self, response):
        marks = Path(os.environ["MARKS"])
        pages = self.state.get("pages", 0) + 1
        for at in (40, 70):
            mark = marks / str(at)
            if pages >= at and not mark.exists():
                busy = paths.follow(self.crawler, paths.IN_PROGRESS)
                mark.write_text(str(len(busy)))
                os.kill(os.getpid(), 9)
        yield from super().parse(response)


class KilledAtOnce(Numbers):
    """Is killed at each first page."""

    name = "killed_at_once"

    def parse(self, response):
        os.kill(os.getpid(), 9)


class KilledBefore(Numbers):
    """Is killed before it begins, once."""

    name = "killed_before"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mark = Path(os.environ["MARKS"]) / "before"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), 9)


class Unwritable(Numbers):
    """Has a lock in each request."""

    name = "unwritable"

    def more(self):
        return {"meta": {"lock": threading.Lock()}}


class Growing(Numbers):
    """Keeps 1 MB of each page."""

    name = "growing"
    kept = []

    def parse(self, response):
        self.kept.append(os.urandom(1024 * 1024))
        yield from super().parse(response)
