"""The look at live requests where there is no fork."""

import functools

import pytest
from asking_helpers import crawler_with_scheduler
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch.explain import Explanation, Question, Unexplained, look


def meta(ask, spider, page):
    return ask(page.url, spider.parse_product, meta={"a": {"b": [page]}})


def cb_kwargs(ask, spider, page):
    return ask(page.url, spider.parse_product, cb_kwargs={"old": page})


def closure(ask, spider, page):
    return ask(page.url, lambda response: page)


def partial(ask, spider, page):
    return ask(page.url, functools.partial(spider.parse_product, old=page))


class Helper:
    def __init__(self, page):
        self.page = page

    def parse(self, response):
        pass


def bound_method(ask, spider, page):
    return ask(page.url, errback=Helper(page).parse)


def nothing(ask, spider, page):
    return ask(page.url, spider.parse_product)


def _look(build):
    page = type("Page", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    ask = type("Ask", (Request,), {})
    kept = [
        build(ask, crawler.spider, page(f"http://shop.example/{number}"))
        for number in range(30)
    ]
    question = Question("Page", "Page", "quiet", 30)
    return look(question, (page,), (live_refs[ask],), crawler), kept


@pytest.mark.parametrize(
    ("build", "holder"),
    [
        (meta, "Request.meta['a']['b'][*]"),
        (cb_kwargs, "Request.cb_kwargs['old']"),
        (closure, "closure variable 'page' of closure.<locals>.<lambda>"),
        (partial, "argument 'old' of partial Quiet.parse_product"),
        (bound_method, "Helper.page, the object of Request.errback Helper.parse"),
    ],
)
def test_what_requests_carry_is_named_without_a_fork(build, holder):
    found, kept = _look(build)
    assert isinstance(found, Explanation)
    assert "direct" in found.traits
    assert found.holder == holder
    assert found.counts.examined == len(kept)
    assert found.counts.held == found.counts.examined
    assert found.owner == "live requests, looked at without a fork"


def test_requests_that_carry_nothing_are_not_blamed():
    found, _ = _look(nothing)
    assert isinstance(found, Unexplained)
