"""Who has the memory, told by a child of this process: its owners."""

from __future__ import annotations

import atexit
import ctypes
import gc
import signal
import sys
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from billing_helpers import MB, billed, crawler_of, place, texts
from scrapy import Spider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

pytestmark = pytest.mark.usefixtures("_quiet")

KEPT: list[str] = []


class ShopSpider(Spider):
    name = "shop"
    seen: list[str] = []


@pytest.fixture
def _quiet():
    """Leave nothing to the next test."""
    yield
    KEPT.clear()
    ShopSpider.seen = []
    gc.collect()


@pytest.fixture
def crawler() -> Crawler:
    return crawler_of(ShopSpider)


def test_a_modules_list_is_the_modules(crawler):
    KEPT.extend(texts())
    owner, found = place(billed(crawler), f"{__name__}.KEPT")
    assert (owner.kind, owner.origin) == ("module", "project")
    assert found.count == 3000


def test_an_attribute_of_a_class_is_told_by_the_class(crawler):
    ShopSpider.seen = texts()
    owner, found = place(billed(crawler), "ShopSpider.seen")
    assert owner.name == f"module {__name__}"
    assert found.count == 3000


def test_what_two_hold_is_charged_once_and_said_to_be_shared(crawler):
    crawler.spider.kept = texts()
    KEPT.extend(crawler.spider.kept)
    bill = billed(crawler)
    owner, _ = place(bill, "spider.kept")
    assert owner.shared_bytes > 2.5 * MB
    # The module has nothing left to be told of by itself.
    others = [each for each in bill.owners if each is not owner]
    assert not any(each.name == f"module {__name__}" for each in others)
    paths = [path.path for each in others for path in each.paths]
    assert not any(path.endswith(".KEPT") for path in paths)


def test_a_local_of_another_threads_function_has_an_owner(crawler):
    ready, over = threading.Event(), threading.Event()

    def work():
        mine = texts()
        ready.set()
        over.wait(60)
        return mine

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    ready.wait(60)
    try:
        bill = billed(crawler)
    finally:
        over.set()
        thread.join()
    found = [
        (owner, path)
        for owner in bill.owners
        for path in owner.paths
        if path.path.endswith("work › mine")
    ]
    assert found
    assert "(thread worker)" in found[0][0].name


class Keeping:
    """A handler of signals that has a page."""

    def __init__(self) -> None:
        self.pages = texts()

    def __call__(self, *_: object) -> None:
        """Do nothing."""


def test_a_signal_handler_is_an_owner(crawler):
    before = signal.signal(signal.SIGUSR2, Keeping())
    try:
        bill = billed(crawler)
    finally:
        signal.signal(signal.SIGUSR2, before)
    owner, found = place(bill, "signal handler.pages")
    assert owner.kind == "process"
    assert found.count == 3000


def test_dead_cycles_are_garbage_and_so_is_a_dead_class(crawler):
    gc.disable()
    try:
        before = {owner.kind: owner.bytes for owner in billed(crawler).owners}
        for number in range(100):
            cycle: list[object] = [f"{number:>10000}"]
            cycle.append(cycle)

        class Page:
            text = "x" * MB

        Page.again = Page
        del cycle, Page
        after = {owner.kind: owner.bytes for owner in billed(crawler).owners}
    finally:
        gc.enable()
    assert after["garbage"] - before.get("garbage", 0) == pytest.approx(2 * MB, rel=0.1)


def test_what_something_unseen_holds_is_unknown_and_not_garbage(crawler):
    kept = texts()
    known = id(kept)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    del kept
    gc.collect()
    bill = billed(crawler)
    kept = ctypes.cast(known, ctypes.py_object).value
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(kept))
    unknown = next(owner for owner in bill.owners if owner.kind == "unknown")
    assert unknown.bytes > 2.5 * MB


class Client:
    def __init__(self) -> None:
        self.pages = texts()

    def goodbye(self, *_: object) -> None:
        """Do nothing."""


@pytest.mark.skipif(sys.platform != "linux", reason="it is read on Linux alone")
def test_what_is_registered_with_atexit_is_its_own(crawler):
    client = Client()
    atexit.register(client.goodbye, texts())
    known = weakref.ref(client)
    del client
    try:
        bill = billed(crawler)
    finally:
        atexit.unregister(known().goodbye)
    owner = next(each for each in bill.owners if each.name == "atexit callbacks")
    assert (owner.kind, owner.origin) == ("process", "project")
    assert owner.bytes > 5 * MB
    paths = {path.path for path in owner.paths}
    assert paths == {"atexit", "atexit[*].__self__.pages"}


def test_owners_and_layers_sum_to_the_resident_memory(crawler):
    crawler.spider.kept = texts(30_000)
    bill = billed(crawler)
    layers = bill.layers
    total = sum(owner.bytes for owner in bill.owners) + sum(
        each or 0
        for each in (
            layers.python_free,
            layers.malloc_free,
            layers.native_unnamed,
            layers.files,
        )
    )
    assert total == pytest.approx(bill.rss, rel=0.05)
    assert bill.rss_named_share > 0.6
    assert not bill.partial


def test_growth_is_since_the_first_bill_and_has_a_line(crawler):
    crawler.spider.kept = texts()
    first = billed(crawler)
    before = {(owner.name, ""): owner.bytes for owner in first.owners}
    before |= {
        (owner.name, path.path): path.bytes
        for owner in first.owners
        for path in owner.paths
    }
    keep_on(crawler.spider)
    owner, found = place(billed(crawler, before), "spider.kept")
    assert found.grown_bytes == pytest.approx(3 * MB, rel=0.15)
    assert owner.grown_bytes == pytest.approx(3 * MB, rel=0.15)


def keep_on(spider: Spider) -> None:
    for text in texts():
        spider.kept.append(text)


def test_asking_leaves_the_process_as_it_was(crawler):
    crawler.spider.kept = texts()
    gc.collect()  # Python 3.12 freezes its immortal objects as it does
    frozen, threads = gc.get_freeze_count(), threading.active_count()
    billed(crawler)
    gc.collect()
    assert gc.get_freeze_count() == frozen
    assert threading.active_count() == threads
