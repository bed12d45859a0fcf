"""What the collector can't see is named where Python knows it, and is no garbage."""

from __future__ import annotations

import atexit
import contextvars
import ctypes
import signal
import threading
from contextlib import contextmanager

import pytest
from asking_helpers import crawler_with_scheduler, explain
from scrapy.http import HtmlResponse

from scrapy_leakwatch.explain import Unexplained
from tests.heap.walkers import NEEDS_C, nothing_collected

COUNT = 30
LOCAL = threading.local()
VARIABLE = contextvars.ContextVar("pages")


def plain(cls):
    return [cls(f"http://shop.example/{number}") for number in range(COUNT)]


def in_cycles(cls):
    """Return pages that nothing but the collector could free."""
    pages = plain(cls)
    for page in pages:
        page.again = page
    return pages


@contextmanager
def worker(work):
    """Have a thread run ``work`` up to where that calls what it is given."""
    ready, over = threading.Event(), threading.Event()

    def pause():
        ready.set()
        over.wait()

    thread = threading.Thread(target=work, args=(pause,), daemon=True)
    thread.start()
    ready.wait()
    yield
    over.set()
    thread.join()


class Keeper(threading.Thread):
    """A thread to which nothing of the project refers but its own function."""

    def __init__(self, pages):
        super().__init__(daemon=True)
        self.pages = pages
        self.over = threading.Event()

    def run(self):
        self.over.wait()


class PagesError(Exception):
    pass


def fail(pages):
    raise PagesError(pages())


@contextmanager
def thread_local_data(pages):
    def work(pause):
        LOCAL.pages = pages()
        pause()
        del LOCAL.pages

    with worker(work):
        yield


@contextmanager
def context_of_a_thread(pages):
    def work(pause):
        VARIABLE.set(pages())
        pause()

    with worker(work):
        yield


@contextmanager
def error_of_a_thread(pages):
    def work(pause):
        try:
            fail(pages)
        except PagesError:
            pause()

    with worker(work):
        yield


@contextmanager
def variable_of_a_thread(pages):
    def work(pause):
        kept = pages()
        pause()
        del kept

    with worker(work):
        yield


@contextmanager
def thread_itself(pages):
    keeper = Keeper(pages())
    over, ended = keeper.over, keeper.join
    keeper.start()
    del keeper
    yield
    over.set()
    ended()


@contextmanager
def callback_at_exit(pages):
    kept = pages()
    atexit.register(kept.__len__)
    called = kept.__len__
    del kept
    yield
    atexit.unregister(called)


@contextmanager
def signal_handler(pages):
    kept = pages()
    before = signal.signal(signal.SIGUSR2, lambda *_: kept)
    yield
    signal.signal(signal.SIGUSR2, before)


@contextmanager
def reference_of_c(pages):
    kept = ctypes.py_object(pages())
    ctypes.pythonapi.Py_IncRef(kept)
    held = id(kept.value)
    del kept
    yield
    ctypes.pythonapi.Py_DecRef(ctypes.cast(held, ctypes.py_object))


def asked(holder, make):
    """Return what is told of pages that ``holder`` has."""
    page = type("Page", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    with nothing_collected(), holder(lambda: make(page)):
        return explain(page, crawler)


NAMED = [
    pytest.param(thread_local_data, "test_unseen.LOCAL.pages[*]", marks=NEEDS_C),
    pytest.param(context_of_a_thread, "context variable 'pages'[*]", marks=NEEDS_C),
    (error_of_a_thread, "exception that is handled.args[*][*]"),
    (variable_of_a_thread, "work[*]"),
    (thread_itself, "Keeper.pages[*]"),
]


@pytest.mark.parametrize("make", [plain, in_cycles])
@pytest.mark.parametrize(("holder", "name"), NAMED)
def test_what_a_thread_has_is_named(holder, name, make) -> None:
    found = asked(holder, make)
    assert getattr(found, "reason", "") == ""
    assert found.holder.endswith(name)
    assert found.counts.held == found.counts.examined == COUNT


@pytest.mark.parametrize("make", [plain, in_cycles])
@pytest.mark.parametrize(
    "holder",
    [callback_at_exit, signal_handler, reference_of_c],
    ids=lambda h: h.__name__,
)
def test_what_is_held_out_of_sight_is_held_or_unknown_and_no_garbage(
    holder, make
) -> None:
    found = asked(holder, make)
    assert found.counts.garbage == 0
    assert found.counts.held + found.counts.unknown == found.counts.examined == COUNT
    assert found.counts.held or "collector can't see" in found.reason


@pytest.mark.parametrize(("kept", "holder"), [(5, ""), (25, "spider.pages[*]")])
def test_who_holds_a_few_is_not_named_for_what_nobody_shows(kept, holder) -> None:
    page = type("Page", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    pages = crawler.spider.pages = plain(page)
    with reference_of_c(lambda: [pages.pop() for _ in range(COUNT - kept)]):
        found = explain(page, crawler)
    assert getattr(found, "holder", "") == holder


@contextmanager
def nobody(pages):
    pages()
    yield


def test_what_nobody_holds_is_garbage() -> None:
    found = asked(nobody, in_cycles)
    assert isinstance(found, Unexplained)
    assert found.counts.garbage == found.counts.examined == COUNT
    assert "garbage" in found.reason
