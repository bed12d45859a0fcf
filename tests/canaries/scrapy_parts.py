"""What is read of Scrapy and queuelib."""

from __future__ import annotations

import functools
import importlib
import types
from typing import Any

import pytest
from queuelib import FifoDiskQueue
from scrapy import Item, Request, Selector, pqueues
from scrapy.core.downloader import Slot
from scrapy.core.scheduler import Scheduler
from scrapy.dupefilters import BaseDupeFilter
from scrapy.http import Response, TextResponse
from scrapy.spidermiddlewares.depth import DepthMiddleware
from scrapy.spiders import CrawlSpider, SitemapSpider
from scrapy.squeues import FifoMemoryQueue
from scrapy.utils import trackref

from tests.canaries.part import Part, makes, module

BACKLOG = "of a backlog it would not be told who made it"


def queue_on_disk() -> bool:
    """Tell whether what counts queues knows those of queuelib."""
    return "__len__" in FifoDiskQueue.__dict__


def component(path: str) -> Any:
    home, _, name = path.rpartition(".")
    return makes(getattr(importlib.import_module(home), name))


def looping_call_of_scrapy() -> Any:
    home = module("scrapy.utils.asyncio")
    if not hasattr(home, "AsyncioLoopingCall"):
        pytest.skip("this Scrapy has none of its own")
    return home.AsyncioLoopingCall(int)


def first_is_oldest() -> bool:
    requests = [Request("http://shop/") for _ in range(3)]
    table = trackref.live_refs[Request].data
    stamps = list(table.values())
    return [ref() for ref in table][-3:] == requests and stamps == sorted(stamps)


def locals_of_scrapy(home: str, name: str) -> bool:
    """Tell whether a function of Scrapy's has what it awaits in such a variable."""
    codes = [
        part.__code__
        for each in vars(importlib.import_module(home)).values()
        for part in (each, *(vars(each).values() if isinstance(each, type) else ()))
        if isinstance(part, types.FunctionType)
    ]
    return any(name in code.co_varnames for code in codes)


SCRAPY = [
    Part(
        "scrapy.http.Request",
        "_url _meta _cb_kwargs _flags|flags _headers|headers callback priority",
        "explain/naming/edges.py explain/code/serialising.py"
        " explain/answers/live_requests.py explain/answers/queue.py"
        " explain/answers/fewer.py internals/frontier.py"
        " explain/answers/stalled.py explain/answers/suspects.py"
        " explain/holders/request.py observe/live_refs.py observe/browsers.py",
        "pages would have no URL, and what a request carries no name",
        lambda: Request("http://shop/", callback=int, meta={"a": 1}, cb_kwargs={}),
    ),
    Part(
        "scrapy.http.Response",
        "_url request",
        "observe/live_refs.py internals/origins.py explain/answers/suspects.py",
        "pages would have no URL, and of two crawls nobody could tell whose they are",
        lambda: Response("http://shop/", request=Request("http://shop/")),
    ),
    Part(
        "scrapy.selector.Selector",
        "response",
        "observe/live_refs.py internals/origins.py",
        "of two crawls nobody could tell whose a selector is",
        lambda: Selector(TextResponse("http://shop/", body=b"<a>", encoding="utf-8")),
    ),
    Part(
        "scrapy.http.TextResponse",
        "_cached_selector",
        "internals/origins.py",
        "selectors that leak would be taken for those of dead pages",
        lambda: TextResponse("http://shop/", body=b"<a>", encoding="utf-8"),
    ),
    Part(
        "scrapy.Item",
        "_values",
        "explain/naming/edges.py",
        "a path would go by a private name",
        Item,
    ),
    Part(
        "scrapy.core.scheduler.Scheduler",
        "dqclass _sdqclass|dqclass _dq",
        "recycle/scheduler.py",
        "what scrapy crawl has left in the folder of a job would be lost",
        lambda: Scheduler(BaseDupeFilter()),
    ),
    Part(
        "scrapy.squeues.FifoMemoryQueue",
        "q",
        "explain/naming/edges.py",
        "a path would go by a private name",
        FifoMemoryQueue,
    ),
    Part(
        "scrapy.pqueues.ScrapyPriorityQueue",
        "queues _start_queues|queues",
        "internals/queues.py",
        "a queue with many parts would be counted one by one",
        lambda: makes(pqueues.ScrapyPriorityQueue),
    ),
    Part(
        "queuelib: the length of a queue on disk",
        "",
        "internals/queues.py",
        "requests on disk would not be counted",
        queue_on_disk,
    ),
    Part(
        "queuelib.queue.FifoSQLiteQueue",
        "__len__",
        "internals/queues.py",
        "each sample would have SQLite count the requests that wait",
        lambda: module("queuelib.queue").FifoSQLiteQueue,
    ),
    *(
        Part(
            path,
            names,
            readers,
            "what it remembers of each page would not be counted, nor told",
            functools.partial(component, path),
        )
        for path, names, readers in (
            (
                "scrapy.dupefilters.RFPDupeFilter",
                "fingerprints|_fingerprints",
                "observe/census/shapes.py explain/naming/edges.py internals/tables.py",
            ),
            (
                "scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
                "jars",
                "observe/census/shapes.py internals/tables.py",
            ),
            (
                "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware",
                "domains_seen",
                "observe/census/shapes.py internals/tables.py",
            ),
            (
                "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
                "_parsers",
                "observe/census/shapes.py internals/tables.py",
            ),
            (
                "scrapy.statscollectors.StatsCollector",
                "_stats",
                "internals/tables.py",
            ),
        )
    ),
    *(
        Part(path, names, "internals/frontier.py", BACKLOG, look)
        for path, names, look in (
            ("scrapy.spiders.CrawlSpider", "_rules", lambda: CrawlSpider("a")),
            (
                "scrapy.spiders.SitemapSpider",
                "_cbs _parse_sitemap",
                lambda: SitemapSpider("a"),
            ),
            (
                "scrapy.core.downloader.Slot",
                "active concurrency delay lastseen",
                lambda: Slot(8, 0, 0),
            ),
            (
                "scrapy.spidermiddlewares.depth.DepthMiddleware",
                "maxdepth prio",
                functools.partial(DepthMiddleware, 0, None),
            ),
        )
    ),
    Part(
        "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler",
        "_proxy_clients",
        "internals/tables.py",
        "clients for many proxies would be told without what helps",
        lambda: makes(
            module("scrapy.core.downloader.handlers._httpx").HttpxDownloadHandler
        ),
    ),
    Part(
        "scrapy.utils.asyncio.AsyncioLoopingCall",
        "_func _args interval running",
        "explain/waits/wakers.py observe/resources/kinds/looping_call.py"
        " explain/uses/consumers.py",
        "looping calls that go on would not be told",
        looping_call_of_scrapy,
    ),
    Part(
        "scrapy.utils.trackref: live_refs is in the order of birth",
        "",
        "observe/live_refs.py",
        "the oldest instance would be any",
        first_is_oldest,
    ),
    *(
        Part(
            f"scrapy: a local variable {name!r} in {home}",
            "",
            "explain/waits/awaited.py",
            "of a stalled crawl the function would not be told that Scrapy awaits",
            functools.partial(locals_of_scrapy, home, name),
        )
        for home, name in (
            ("scrapy.core.downloader.middleware", "method"),
            ("scrapy.core.scraper", "callback"),
            ("scrapy.utils.signal", "receiver"),
        )
    ),
    Part(
        "scrapy.utils._remote_control",
        "job_files_dir",
        "internals/versions.py",
        "the commands would not find the crawls that run",
        lambda: module("scrapy.utils._remote_control"),
    ),
]
