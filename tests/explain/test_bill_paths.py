"""Where the memory of an owner has come together, and what is said of it."""

from __future__ import annotations

import array
import asyncio
import gc
import importlib
import io
import logging
import os
import queue
import sqlite3
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, wraps
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import lxml.html
import pytest
from billing_helpers import MB, billed, crawler_of, place, texts
from scrapy import Spider
from scrapy.http import HtmlResponse
from scrapy.statscollectors import MemoryStatsCollector
from twisted.python.threadpool import ThreadPool

from scrapy_leakwatch.explain.bills.paths import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler


class ShopSpider(Spider):
    name = "shop"


class Node:
    """Of a linked list, a tree, or a row of attributes."""


class Slotted:
    __slots__ = ("pages",)


class Cache(dict):
    limit = 10_000


class Lru:
    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._entries: dict[int, str] = {}


@pytest.fixture
def crawler() -> Iterator[Crawler]:
    yield crawler_of(ShopSpider)
    gc.collect()  # leaves nothing to the next test


class Newest(dict):
    """Has as many entries as it may."""

    def __init__(self, entries):
        super().__init__(entries)
        self.limit = len(self)


def row_of_nodes(count: int = 10_000) -> Node:
    first = node = Node()
    for number in range(count):
        node.page = f"{number:>200}"
        node.next = Node()
        node = node.next
    return first


def trie(before: str = "") -> Node:
    root = Node()
    root.children = {}
    for word in range(3000):
        node = root
        for letter in f"{before}{word:04}":
            if letter not in node.children:
                node.children[letter] = Node()
                node.children[letter].children = {}
            node = node.children[letter]
        node.text = f"{word:>1000}"
    return root


def deep() -> Node:
    first = node = Node()
    for name in ("b", "c", "d"):
        setattr(node, name, Node())
        node = getattr(node, name)
    node.pages = texts()
    return first


def slotted() -> Slotted:
    found = Slotted()
    found.pages = texts()
    return found


def filled(put) -> None:
    for text in texts():
        put(text)


def a_queue() -> queue.Queue:
    found: queue.Queue = queue.Queue()
    filled(found.put)
    return found


def a_simple_queue() -> queue.SimpleQueue:
    found: queue.SimpleQueue = queue.SimpleQueue()
    filled(found.put)
    return found


def an_asyncio_queue() -> asyncio.Queue:
    found: asyncio.Queue = asyncio.Queue()
    filled(found.put_nowait)
    return found


def waiting():
    rows = texts()
    yield
    return rows


def a_suspended_generator():
    found = waiting()
    next(found)
    return found


def in_memory() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute("create table pages (text text)")
    database.executemany("insert into pages values (?)", [(text,) for text in texts()])
    return database


@pytest.mark.parametrize(
    ("made", "path", "kind", "count"),
    [
        (lambda: io.BytesIO(bytes(3 * MB)), "spider.kept", "BytesIO", 1),
        (lambda: bytearray(3 * MB), "spider.kept", "bytearray", 1),
        (lambda: "x" * 3 * MB, "spider.kept", "str", 1),
        (texts, "spider.kept", "str", 3000),
        (lambda: set(texts()), "spider.kept", "str", 3000),
        (lambda: deque(texts()), "spider.kept", "str", 3000),
        (lambda: dict(enumerate(texts())), "spider.kept", "str", 3000),
        (lambda: [[text] for text in texts()], "spider.kept", "list", 3000),
        (lambda: [bytes(MB) for _ in range(4)], "spider.kept", "bytes", 4),
        (row_of_nodes, "spider.kept", "Node", None),
        (trie, "spider.kept.children[*].children", None, None),
        (deep, "spider.kept.b.c.d.pages", "str", 3000),
        (slotted, "spider.kept.pages", "str", 3000),
        (a_queue, "spider.kept › queue", "str", 3000),
        (a_simple_queue, "spider.kept", "str", 3000),
        (an_asyncio_queue, "spider.kept › _queue", "str", 3000),
        (a_suspended_generator, "spider.kept › rows", "str", 3000),
        (
            lambda: [HtmlResponse("https://a", body=text.encode()) for text in texts()],
            "spider.kept",
            "HtmlResponse",
            3000,
        ),
    ],
)
def test_what_a_spider_keeps_is_told_by_its_path(crawler, made, path, kind, count):
    crawler.spider.kept = made()
    owner, found = place(billed(crawler), path)
    assert owner.name == "spider shop"
    assert owner.kind == "spider"
    assert found.bytes > 2.5 * MB
    assert kind in (None, found.type)
    assert count in (None, found.count)
    assert found.tracked == (kind == "HtmlResponse")


class Hostile:
    """Says that it was touched, and fails."""

    def __init__(self, number: int) -> None:
        object.__setattr__(self, "page", f"{number:>1000}")
        object.__setattr__(self, "limit", self)

    def _touch(self, *_: object) -> object:
        os.write(2, b"touched")  # a child of this process tells nobody else
        os._exit(1)

    __eq__ = __hash__ = __len__ = __repr__ = __str__ = __sizeof__ = _touch
    __getattr__ = __getattribute__ = __iter__ = __contains__ = __bool__ = _touch
    __reduce__ = __dir__ = __call__ = __getitem__ = __index__ = _touch
    __class__ = property(_touch)


class HostileMeta(type):
    __eq__ = __hash__ = __repr__ = __getattribute__ = Hostile._touch


class HostileDict(dict):
    __eq__ = __hash__ = __len__ = __repr__ = __iter__ = Hostile._touch
    keys = items = values = get = __getitem__ = __contains__ = Hostile._touch


def of_a_hostile_class() -> list[object]:
    made = HostileMeta("Odd", (), {})
    found = []
    for number in range(3000):
        odd = object.__new__(made)
        object.__setattr__(odd, "page", f"{number:>1000}")
        found.append(odd)
    return found


def hostile_dict() -> HostileDict:
    found = HostileDict()
    for number in range(3000):
        dict.__setitem__(found, number, Hostile(number))
    return found


@pytest.mark.parametrize(
    "made",
    [
        lambda: [Hostile(number) for number in range(3000)],
        lambda: dict(enumerate(Hostile(number) for number in range(3000))),
        hostile_dict,
        of_a_hostile_class,
    ],
)
def test_no_code_of_hostile_objects_is_run(crawler, made):
    crawler.spider.kept = made()
    before = {("spider shop", ""): 0}
    owner, found = place(billed(crawler, before), "spider.kept")
    assert owner.name == "spider shop"
    assert found.bytes > 2.5 * MB


def test_what_waits_for_a_thread_is_told_by_its_function(crawler):
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        crawler.spider.pool = pool
        for text in texts():
            pool.submit(late, over, text)
        try:
            bill = billed(crawler, before={("spider shop", ""): 0})
        finally:
            over.set()
    _, found = place(bill, "spider.pool › _work_queue")
    assert found.type == "_WorkItem"
    assert found.code == "pool.submit(late, over, text)"
    assert "threads" in found.fix


def test_what_waits_for_a_thread_of_the_reactor_is_told_by_its_function(crawler):
    over = threading.Event()
    pool = ThreadPool(1, 1, "pages")
    crawler.spider.pages = pool
    pool.start()
    for text in texts():
        pool.callInThread(late, over, text)
    try:
        bill = billed(crawler, before={("spider shop", ""): 0})
    finally:
        over.set()
        pool.stop()
    _, found = place(bill, "spider.pages › _team._pending")
    assert found.code == "pool.callInThread(late, over, text)"


def late(over, text):
    over.wait(60)


def test_the_names_that_lxml_keeps_are_a_place_of_its_own(crawler):
    words = [f"x-{number}-{'q' * 80}" for number in range(20_000)]
    lxml.html.fromstring("".join(f"<{word}>{word}</{word}>" for word in words))
    found = billed(crawler)
    owner, path = place(found, "lxml's dictionary of names")
    assert (owner.name, owner.kind, path.type) == ("lxml", "process", "names")
    assert path.count >= 20_000
    assert path.bytes > 1.5 * MB


def test_many_loggers_are_loggings(crawler):
    try:
        name_loggers(None)
        owner, found = place(billed(crawler), "logging.Logger.manager.loggerDict")
    finally:
        forget_loggers()
    assert owner.name == "logging"
    assert found.bytes > 2 * MB


def test_the_nodes_of_a_chain_and_of_a_trie_are_counted(crawler):
    crawler.spider.first = row_of_nodes()
    crawler.spider.words = trie("/page/")
    bill = billed(crawler)
    _, row = place(bill, "spider.first")
    assert row.count == pytest.approx(10_000, abs=10)
    _, words = place(bill, "spider.words")
    assert (words.type, words.count) == ("Node", pytest.approx(3333, abs=10))


def test_the_line_that_links_a_chain_is_told(crawler):
    crawler.spider.first = row_of_nodes()
    bill = billed(crawler, before={("spider shop", ""): 0})
    _, found = place(bill, "spider.first")
    assert found.code == "node.next = Node()"


def test_the_line_that_adds_behind_bare_namespaces_is_told(crawler):
    box = SimpleNamespace(pages=[])
    crawler.spider.shop = SimpleNamespace(shelf=SimpleNamespace(box=box))
    for text in texts():
        box.pages.append(text)
    bill = billed(crawler, before={("spider shop", ""): 0})
    _, found = place(bill, "spider.shop › shelf.box.pages")
    assert found.code == "box.pages.append(text)"


@pytest.mark.parametrize(
    ("made", "path", "fix"),
    [
        (lambda: array.array("q", range(400_000)), "spider.kept", "begin it anew"),
        (lambda: "x" * 3 * MB, "spider.kept", "begin it anew"),
        (lambda: io.BytesIO(b"x" * 3 * MB), "spider.kept", "seek(0) and truncate()"),
        (lambda: SimpleNamespace(pages=texts()), "spider.kept › pages", "deque"),
        (row_of_nodes, "spider.kept", "begin it anew"),
        (lambda: Newest(enumerate(texts())), "spider.kept", "keep less in each"),
        (in_memory, "spider.kept", "is in memory"),
    ],
)
def test_what_helps_is_said_of_what_is_not_a_container_too(crawler, made, path, fix):
    crawler.spider.kept = made()
    _, found = place(billed(crawler, {("spider shop", ""): 0}), path)
    if made is in_memory:
        crawler.spider.kept.close()
    assert fix in found.fix


def own_decorator(function):
    @wraps(function)
    def remembering(key):
        if key not in remembering.results:
            remembering.results[key] = function(key)
        return remembering.results[key]

    remembering.results = {}
    return remembering


def of_number(number):
    return f"{number:>1000}"


@pytest.mark.parametrize("of_library", [True, False])
def test_what_a_decorator_keeps_is_told_with_the_function(
    crawler, monkeypatch, of_library
):
    monkeypatch.syspath_prepend(Path(__file__).parent / "site-packages")
    library = importlib.import_module("shelf_library")
    decorator = library.remember if of_library else own_decorator
    crawler.spider.kept = decorator(of_number)
    for number in range(3000):
        crawler.spider.kept(number)
    path = f"spider.kept{'' if of_library else '.__dict__'} › results"
    _, found = place(billed(crawler, {("spider shop", ""): 0}), path)
    assert ("what decorates of_number()" in found.fix) is of_library
    assert (found.code == "def of_number(number):") is of_library


@pytest.mark.parametrize("shape", ["logging", "stats"])
def test_what_gives_a_registry_ever_new_names_is_told(crawler, shape):
    crawler.stats = MemoryStatsCollector(crawler)
    give = name_loggers if shape == "logging" else name_stats
    ends = {"logging": "Logger.manager.loggerDict", "stats": "Collector._stats"}
    try:
        give(crawler.stats)
        before = {("logging", ""): 0}
        bill = billed(crawler, before)
    finally:
        forget_loggers()
    [found] = [
        path
        for owner in bill.owners
        for path in owner.paths
        if path.path.endswith(ends[shape])
    ]
    assert found.code.startswith(("logging.getLogger(f", "stats.inc_value(f"))


def name_loggers(_: object) -> None:
    for number in range(3000):
        logging.getLogger(f"shop:{number:>500}")


def name_stats(stats: MemoryStatsCollector) -> None:
    for number in range(3000):
        stats.inc_value(f"shop/{number:>500}")


def forget_loggers() -> None:
    for name in list(logging.Logger.manager.loggerDict):
        if name.startswith("shop:"):
            del logging.Logger.manager.loggerDict[name]


@lru_cache(maxsize=5000)
def cached(number: int) -> str:
    return f"{number:>1000}"


def lru() -> Lru:
    found = Lru(5000)
    found._entries = dict(enumerate(texts()))
    return found


@pytest.mark.parametrize(
    ("made", "path", "bound"),
    [
        (lambda: deque(texts(), maxlen=5000), "spider.kept", 5000),
        (lambda: Cache(enumerate(texts())), "spider.kept", 10_000),
        (lru, "spider.kept._entries", 5000),
        (texts, "spider.kept", None),
    ],
)
def test_a_bound_is_seen_wherever_it_is_written(crawler, made, path, bound):
    crawler.spider.kept = made()
    _, found = place(billed(crawler), path)
    assert (found.length, found.bound) == (3000, bound)


def test_a_page_that_a_callback_works_on_is_known_by_the_way_to_it():
    async def parse(response):
        pass

    page = HtmlResponse("https://a", body=b"x")
    running = parse(page)

    def is_worked_on(*way):
        return Place("parse › response", way, (), MB, "bytes", 1).worked_on

    assert is_worked_on(running, page)
    assert is_worked_on(running, page, page.body)
    assert not is_worked_on(running)
    assert not is_worked_on(running, [page], page)  # it collects them
    assert not is_worked_on([running], running, page)  # somebody keeps it
    assert not is_worked_on(running, [1, 2])
    running.close()
