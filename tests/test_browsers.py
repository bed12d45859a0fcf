"""Pages and contexts of the browsers that scrapy-playwright drives, without one."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scrapy import Request, Spider, signals
from scrapy.signalmanager import SignalManager

from scrapy_leakwatch.observe import resources
from scrapy_leakwatch.observe.browsers import HANDLER, PAGE, Browsers, Open, open_pages
from scrapy_leakwatch.observe.resources.owners import Owner
from scrapy_leakwatch.records import Progress, ResourceLimits
from tests.judging import judge_of
from tests.test_bills_judged import MB, bill, owner
from tests.test_taken import having


class Thing:
    """What Playwright has behind a page or a context."""


class Wrapped:
    """A page or a context as the crawl gets it: whoever asks it anything fails."""

    def __init__(self, inner):
        self._impl_obj = inner

    def __getattr__(self, name):
        raise RuntimeError(name)


MODULE, _, NAME = HANDLER.rpartition(".")
Handler = type(NAME, (), {"__module__": MODULE})


class Shop(Spider):
    name = "shop"

    async def parse(self, response):
        pass

    async def parse_product(self, response):
        pass


class Browser:
    """A crawl with a handler of scrapy-playwright."""

    def __init__(self):
        self.handler = Handler()
        self.handler.context_wrappers = {}
        handlers = {"http": self.handler, "https": self.handler}
        downloader = SimpleNamespace(handlers=SimpleNamespace(_handlers=handlers))
        self.crawler = SimpleNamespace(
            engine=SimpleNamespace(downloader=downloader),
            signals=SignalManager(),
            spider=Shop(),
        )
        self.browsers = Browsers(self.crawler)

    def open(self, callback=None, context="default"):
        wrappers = self.handler.context_wrappers
        if context not in wrappers:
            inner = Thing()
            inner._pages = {}
            wrappers[context] = SimpleNamespace(context=Wrapped(inner))
        inner, page = wrappers[context].context._impl_obj, Thing()
        page._browser_context = inner
        inner._pages[page] = None
        request = Request("http://a/", callback, meta={PAGE: Wrapped(page)})
        self.crawler.signals.send_catch_log(
            signals.request_left_downloader, request=request, spider=None
        )
        return page


@pytest.fixture
def browser():
    found = Browser()
    yield found
    found.browsers.stop()


def test_pages_and_contexts_are_counted_once_for_a_handler(browser) -> None:
    assert browser.browsers.count() == Open(0, 0)
    browser.handler.config = SimpleNamespace(max_pages_per_context=4)
    for context in ("a", "a", "b"):
        browser.open(context=context)
    assert browser.browsers.count() == Open(3, 2, most=4, free=2)


def test_without_a_handler_of_playwright_nothing_is_counted() -> None:
    plain = SimpleNamespace(handlers=SimpleNamespace(_handlers={"http": object()}))
    crawler = SimpleNamespace(engine=SimpleNamespace(downloader=plain))
    assert Browsers(crawler).count() is None
    assert Browsers(SimpleNamespace(engine=None)).count() is None


def test_the_callback_that_was_given_a_page_is_known(browser) -> None:
    browser.browsers.count()
    page = browser.open()
    other = browser.open(browser.crawler.spider.parse_product)
    given = dict(open_pages())
    assert given[page] is Shop.parse
    assert given[other] is Shop.parse_product


def test_the_line_of_the_callback_is_told_while_the_crawl_runs(
    browser, monkeypatch
) -> None:
    monkeypatch.setattr(resources, "open_crawlers", tuple)
    browser.browsers.count()
    for _ in range(40):
        browser.open(browser.crawler.spider.parse_product)
    owner = Owner("spider", browser.crawler.spider)
    nothing = resources.Before({}, frozenset())
    search = resources.Search(browser.crawler, (owner,), nothing)
    line = Shop.parse_product.__code__.co_firstlineno
    for counted_as, alive in (("pages", 40), ("contexts", 1)):
        seen = search.taken(counted_as)
        assert seen.alive == alive
        assert {each.owner for each in seen.owned} == {"spider Shop"}
        assert {each.location for each in seen.owned} == {
            f"tests/test_browsers.py:{line}"
        }
    assert search.left() == ()  # the handler closes them when the crawl ends


def test_nothing_of_a_page_stays(browser) -> None:
    browser.browsers.count()
    gone = weakref.ref(browser.open())
    browser.handler.context_wrappers.clear()
    gc.collect()
    assert gone() is None
    assert browser.browsers.count() == Open(0, 0)


def told_of_pages(judge):
    return [
        judge.conclude(suspicion, None)
        for number in range(12)
        if (suspicion := judge.hear(having(number, pages=5 * number)))
    ]


def test_pages_that_pile_up_are_told_with_what_closes_them() -> None:
    verdict, *_ = told_of_pages(judge_of(explain=False))
    assert verdict.subject == "browser page"
    assert "browser pages are open, +5 per 1,000 responses" in verdict.message
    assert "page.close()" in verdict.remedy


@pytest.mark.parametrize(("cls", "is_part"), [(NAME, True), ("Uploads", False)])
def test_what_their_handler_keeps_is_part_of_that(cls, is_part) -> None:
    judge = judge_of(explain=False)
    pages, *_ = told_of_pages(judge)
    kept = {"kind": "component", "name": f"download handler {cls}", "path": "it.kept"}
    for number in range(5):
        grown = owner(40 * MB * number, **kept)
        told = judge.hear_bill(bill(number, 100 * MB + 40 * MB * number, grown))
        if told:
            assert told[0][0].kind == "hoard"
            assert told[0][0].cause == (pages.id if is_part else None)
            return
    raise AssertionError("nothing was told")


def test_a_page_that_comes_back_for_another_request_is_not_with_a_callback(
    browser,
) -> None:
    browser.handler.config = SimpleNamespace(max_pages_per_context=1)
    browser.browsers.count()
    page = browser.open()
    assert browser.browsers.count().free == 0
    again = Request("http://a/", meta={PAGE: Wrapped(page)})
    browser.crawler.signals.send_catch_log(
        signals.request_reached_downloader, request=again, spider=None
    )
    assert browser.browsers.count().free == 1


def waiting(number, free, scraping=0, downloading=4, received=9):
    progress = Progress(
        downloading=downloading,
        scraping=scraping,
        items=0,
        older=0,
        oldest_s=0.0,
        longest_s=0.0,
        still_s=0.0,
        still_samples=0,
        stage="open",
    )
    limits = ResourceLimits(pages=8, pages_free=free)
    sample = having(number, limits=limits, pages=8)
    return replace(sample, progress=progress, received=received)


@pytest.mark.parametrize(
    ("state", "is_told"),
    [
        ({"free": 0}, True),
        ({"free": 1}, False),
        ({"free": None}, False),
        ({"free": 0, "scraping": 1}, False),
        ({"free": 0, "downloading": 0}, False),
    ],
)
def test_a_crawl_that_waits_for_a_page_that_nobody_closes_is_told(
    state, is_told
) -> None:
    judge = judge_of(explain=False)
    told = [
        judge.conclude(suspicion, None)
        for number in range(14)
        if (suspicion := judge.hear(waiting(number, **state)))
    ]
    assert bool(told) == is_told
    if is_told:
        assert len(told) == 1
        assert told[0].subject == "browser page"
        assert "as many as PLAYWRIGHT_MAX_PAGES_PER_CONTEXT allows" in told[0].message


def test_a_crawl_that_receives_pages_does_not_wait_for_one() -> None:
    judge = judge_of(explain=False)
    heard = [judge.hear(waiting(n, 0, received=9 + n)) for n in range(14)]
    assert not any(heard)
