"""Objects of the crawl that must never be asked anything."""

import os

import pytest
from asking_helpers import crawler_with_scheduler, explain
from scrapy import Request
from scrapy.http import HtmlResponse

HOSTILE = (
    *("__eq__", "__ne__", "__lt__", "__hash__", "__len__", "__bool__", "__repr__"),
    *("__str__", "__format__", "__iter__", "__contains__", "__getitem__", "__call__"),
    *("__getattr__", "__getattribute__", "__dir__", "__get__", "__reduce__"),
    *("__sizeof__", "__index__", "__int__", "__instancecheck__", "__del__"),
)


def _end(*_, **__):
    os._exit(99)


def hostile_class(*bases, **extra):
    """Return a class whose every method ends the process that calls it."""
    names = {name: _end for name in HOSTILE if name not in extra}
    # The tests themselves drop the objects, and need a hash to keep them.
    names.update(__del__=lambda self: None, __hash__=object.__hash__, **extra)
    names["__class__"] = property(_end)
    return type("Hostile", bases or (object,), names)


def build_neighbour(crawler, scheduler, response):
    meta = {"hostile": hostile_class()(), "referer": response}
    scheduler.enqueue_request(
        Request(response.url, crawler.spider.parse_product, meta=meta)
    )


def build_holder(crawler, scheduler, response):
    holder = hostile_class()()
    object.__setattr__(holder, "kept", response)
    _list(crawler, "holders").append(holder)


def build_slots(crawler, scheduler, response):
    cls = hostile_class(object, __slots__=("kept",))
    holder = cls()
    cls.kept.__set__(holder, response)
    _list(crawler, "holders").append(holder)


def build_key(crawler, scheduler, response):
    crawler.spider.__dict__.setdefault("pages", {})[hostile_class()()] = response


def build_dict(crawler, scheduler, response):
    holder = hostile_class(dict)()
    dict.__setitem__(holder, "kept", response)
    _list(crawler, "holders").append(holder)


def build_list(crawler, scheduler, response):
    holder = hostile_class(list)()
    list.append(holder, response)
    _list(crawler, "holders").append(holder)


def _list(crawler, name):
    return crawler.spider.__dict__.setdefault(name, [])


@pytest.mark.parametrize(
    ("build", "holder"),
    [
        (build_neighbour, "Request.meta['referer']"),
        (build_holder, "spider.holders[*].kept"),
        (build_slots, "spider.holders[*].kept"),
        (build_key, "spider.pages[*]"),
        (build_dict, "spider.holders[*]['kept']"),
        (build_list, "spider.holders[*][*]"),
    ],
)
def test_hostile_objects_are_never_asked(build, holder):
    page = type("Page", (HtmlResponse,), {})
    crawler, scheduler = crawler_with_scheduler()
    for number in range(30):
        url = f"http://shop.example/{number}"
        build(crawler, scheduler, page(url, request=Request(url)))
    found = explain(page, crawler)
    assert getattr(found, "reason", "") == ""
    assert found.holder == holder
    assert found.counts.held > 0.9 * found.counts.examined


def test_a_hostile_response_class_is_priced_and_named():
    cls = hostile_class(HtmlResponse, __getattribute__=object.__getattribute__)
    crawler, _ = crawler_with_scheduler()
    crawler.spider.pages = [cls("http://shop.example/") for _ in range(30)]
    found = explain(cls, crawler)
    assert found.holder == "spider.pages[*]"
    assert found.price.retained_bytes_each > 0
    assert found.example_url == "http://shop.example/"
