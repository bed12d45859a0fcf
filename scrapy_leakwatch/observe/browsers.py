"""Counts what scrapy-playwright has open in its browsers, and whom it gave pages to.

A request with ``playwright_include_page`` hands a page to its callback, or to its
errback, which has to close it: nobody else will before the crawl ends.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy import signals

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.internals import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FunctionType

    from scrapy import Request
    from scrapy.crawler import Crawler

HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
PAGE = "playwright_page"
"""The key of a request's meta that has the page."""


class Open(NamedTuple):
    """How many pages and contexts the browsers of a crawl have open.

    A context may have ``most`` pages. In the fullest ``free`` are left besides those
    that callbacks were given; None where no context is open.
    """

    pages: int
    contexts: int
    most: int | None = None
    free: int | None = None


class Browsers:
    """The browsers of one crawl. Keeps no page alive, and runs no code of a page."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._is_noting = False
        _ALL.add(self)

    def count(self) -> Open | None:
        """Count what is open; None where there is no handler of scrapy-playwright."""
        handlers = list(self._handlers())
        if not handlers:
            return None
        if not self._is_noting:
            self._is_noting = True
            for handle, signal in self._handles():
                self._crawler.signals.connect(handle, signal)
        open_pages, free = [], []
        for handler in handlers:
            most = anatomy.attribute(handler, "config", "max_pages_per_context")
            for pages in map(_pages, _contexts(handler)):
                open_pages.append(len(pages))
                if type(most) is int:
                    free.append((most - sum(page in _GIVEN for page in pages), most))
        left, most = min(free, default=(None, None))
        return Open(sum(open_pages), len(open_pages), most, left)

    def stop(self) -> None:
        """Note no more whom pages are given to."""
        if self._is_noting:
            self._is_noting = False
            for handle, signal in self._handles():
                self._crawler.signals.disconnect(handle, signal)

    def contexts(self) -> Iterator[Any]:
        """Yield the open contexts."""
        for handler in self._handlers():
            yield from _contexts(handler)

    def _handles(self) -> list[tuple[Callable[..., None], object]]:
        return [
            (self._reached, signals.request_reached_downloader),
            (self._left, signals.request_left_downloader),
        ]

    def _handlers(self) -> Iterator[Any]:
        handlers = paths.follow(self._crawler, paths.OPEN_HANDLERS)
        seen = set()
        for handler in list(handlers.values()) if type(handlers) is dict else ():
            if id(handler) not in seen and anatomy.inherits(handler, HANDLER):
                seen.add(id(handler))
                yield handler

    def _reached(self, request: Request) -> None:
        """Note that a page that was given comes back, for another request."""
        page = _page_of(request)
        if page is not None:
            _GIVEN.pop(page, None)

    def _left(self, request: Request) -> None:
        """Note who gets the page of a request that was downloaded, or failed."""
        page = _page_of(request)
        callback = anatomy.attribute(request, "callback")
        if callback is None:
            callback = anatomy.defined(type(self._crawler.spider), "parse")
        function = anatomy.function_of(callback)
        if page is not None and function is not None:
            context = anatomy.attribute(page, "_browser_context")
            for each in (page, context):
                if each is not None:
                    _GIVEN[each] = weakref.ref(function)


_ALL: weakref.WeakSet[Browsers] = weakref.WeakSet()
_GIVEN: weakref.WeakKeyDictionary[Any, weakref.ref[FunctionType]] = (
    weakref.WeakKeyDictionary()
)


def _page_of(request: Request) -> Any:
    """Return the page of Playwright that a request has in its meta."""
    meta = anatomy.attribute(request, "_meta")
    page = dict.get(meta, PAGE) if type(meta) is dict else None
    return anatomy.attribute(page, "_impl_obj")


def open_contexts() -> list[tuple[Any, FunctionType | None]]:
    """Return the contexts that are open in the browsers of all crawls.

    Each with the callback that its last page was given to, if one was.
    """
    return [(context, _given(context)) for context in _all_contexts()]


def open_pages() -> list[tuple[Any, FunctionType | None]]:
    """Return the pages that are open there, each with the callback it was given to."""
    pages = [page for context in _all_contexts() for page in _pages(context)]
    return [(page, _given(page)) for page in pages]


def _all_contexts() -> list[Any]:
    return [context for browsers in list(_ALL) for context in browsers.contexts()]


def _given(thing: Any) -> FunctionType | None:
    found = _GIVEN.get(thing)
    return found() if found is not None else None


def _contexts(handler: Any) -> list[Any]:
    wrappers = anatomy.attribute(handler, "context_wrappers")
    if type(wrappers) is not dict:
        return []
    found = [
        anatomy.attribute(each, "context", "_impl_obj") for each in wrappers.values()
    ]
    return [each for each in found if each is not None]


def _pages(context: Any) -> list[Any]:
    """Return the open pages of a context: a dict in newer Playwrights, once a list."""
    pages = anatomy.attribute(context, "_pages")
    return list(pages) if type(pages) is dict or type(pages) is list else []
