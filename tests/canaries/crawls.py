"""What is read of a crawl: the way from the crawler, and what must be there."""

from __future__ import annotations

from scrapy import Spider

from tests.canaries.part import (
    Part,
    Plain,
)

QUEUED = "the requests of the scheduler would be told as unknown"
STARTING = "a crawl that still reads its start requests would be judged too early"
START = {
    True: Part("crawler.engine", "_start", "internals/versions.py", STARTING, Plain),
    False: Part(
        "crawler.engine.slot",
        "start_requests",
        "internals/versions.py",
        STARTING,
        Plain,
    ),
}
"""Scrapy has it there from 2.13 on, or not."""

IN_CRAWL = [
    Part("crawler", "_engine|engine", "internals/versions.py", QUEUED, Plain),
    Part("crawler.engine", "_slot|slot", "internals/versions.py", QUEUED, Plain),
    Part(
        "crawler.engine",
        "running",
        "observe/progress.py",
        "a crawl that opens would be told to stand still",
        Plain,
    ),
    Part("crawler.engine.slot", "scheduler", "internals/versions.py", QUEUED, Plain),
    Part(
        "crawler.engine.slot.scheduler",
        "mqclass dqdir",
        "internals/queues.py",
        "requests in SQLite would be counted one by one, and a JOBDIR change the order",
        Plain,
    ),
    Part("crawler.engine.slot", "inprogress", "internals/paths.py", QUEUED, Plain),
    Part(
        "crawler.engine.slot",
        "closing",
        "internals/engines.py observe/progress.py",
        "a crawl that closes would be told to stand still",
        Plain,
    ),
    Part(
        "crawler.engine.scraper.slot",
        "queue active",
        "internals/paths.py",
        "responses that are worked on would be told as leaked",
        Plain,
    ),
    Part(
        "crawler.engine.slot.scheduler", "stats", "internals/queues.py", QUEUED, Plain
    ),
    Part(
        "crawler.engine.slot.scheduler.mqs",
        "pqueues|queues",
        "internals/queues.py",
        QUEUED,
        Plain,
    ),
    START[hasattr(Spider, "start")],
    Part(
        "crawler.spider",
        "crawler",
        "internals/crawlers.py heap/roots/other_crawls.py",
        "of two crawls one would be told to leak what the other has",
        Plain,
    ),
]
