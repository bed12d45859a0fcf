"""What is told that requests and pages cost is what Python's allocators gave them."""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
import warnings
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from asking_helpers import crawler_with_scheduler, explain, result_of
from scrapy import Item, Request
from scrapy.exceptions import ScrapyDeprecationWarning
from scrapy.http import HtmlResponse, JsonRequest, JsonResponse
from scrapy.utils.httpobj import _urlparse_cache, urlparse_cached
from scrapy.utils.request import _fingerprint_cache, fingerprint
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch.explain import WaitingQuestion
from scrapy_leakwatch.explain.asking import explain_queue_in_child

with warnings.catch_warnings():  # Scrapy 2.15 and 2.16 would rather have another
    warnings.simplefilter("ignore", ScrapyDeprecationWarning)
    from scrapy import FormRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 1_000
LONG = "words=" + "-".join(["the", "quick", "brown", "fox"] * 12)


def plain(url: str) -> Request:
    return Request(url)


def long_url(url: str) -> Request:
    return Request(f"{url}?{LONG}")


def with_headers(url: str) -> Request:
    return Request(url, headers={f"X-{n}": f"value {n}" for n in range(10)})


def with_own_values(url: str) -> Request:
    return Request(url, meta={"row": {"title": f"of {url}"}}, cb_kwargs={"n": [url]})


def form(url: str) -> Request:
    return FormRequest(url, formdata={"url": url, "words": LONG})


def document(url: str) -> Request:
    return JsonRequest(url, data={"url": url, "words": [LONG] * 3})


def unfiltered(url: str) -> Request:
    return Request(url, dont_filter=True)


def with_a_parsed_url(url: str) -> Request:
    request = Request(url)
    urlparse_cached(request)
    return request


@contextmanager
def growth() -> Iterator[list[int]]:
    """Note the bytes that Python's allocators have more of at the end."""
    gc.collect()
    grown: list[int] = []
    tracemalloc.start()
    try:
        yield grown
        gc.collect()
        grown.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


def room_for(make: Any) -> list[Request]:
    """Return requests after which `COUNT` more fit into the tables of all requests.

    What a table takes that grows meanwhile is not what those requests bring; one that
    has just grown has room for as many again.
    """
    weak = live_refs[type(make("http://other"))], _fingerprint_cache, _urlparse_cache
    tables = [each.data for each in weak]
    kept: list[Request] = []
    rooms: dict[int, int] = {}
    while not kept or any(room < COUNT for room in rooms.values()):
        before = [(len(each), sys.getsizeof(each)) for each in tables]
        kept.append(make(f"http://other/{len(kept)}"))
        if not kept[-1].dont_filter:
            fingerprint(kept[-1])
        for n, table in enumerate(tables):
            if sys.getsizeof(table) != before[n][1]:
                rooms[n] = len(table)
            elif len(table) != before[n][0]:
                rooms[n] = rooms.get(n, 0) - 1
    return kept


def told(crawler: Any) -> Any:
    question = WaitingQuestion("scrapy.Request", "quiet", COUNT)
    kinds = (Request, FormRequest, JsonRequest)
    return result_of(explain_queue_in_child(question, kinds, crawler, 30)).price


@pytest.mark.filterwarnings("ignore:.*form2request")
@pytest.mark.parametrize(
    "make",
    [
        *(plain, long_url, with_headers, with_own_values, form, document),
        *(unfiltered, with_a_parsed_url),
    ],
)
def test_a_waiting_request_costs_what_it_brings(make) -> None:
    crawler, scheduler = crawler_with_scheduler()
    beside = room_for(make)
    with growth() as grown:
        for number in range(COUNT):
            scheduler.enqueue_request(make(f"http://shop/product/{number}"))
    price = told(crawler)
    beside.clear()
    # Before Scrapy 2.19 requests have a dict of attributes, whose keys they share.
    near = 0.15 if "__slots__" in vars(Request) else 0.2
    assert price.retained_bytes_total == pytest.approx(*grown, rel=near)
    assert price.retained_bytes_each == pytest.approx(grown[0] / COUNT, rel=near)


@pytest.mark.parametrize("bag", ["meta", "cb_kwargs"])
def test_what_all_requests_share_is_counted_once_and_not_for_each(bag) -> None:
    crawler, scheduler = crawler_with_scheduler()
    beside = room_for(plain)
    with growth() as grown:
        table = {bag: {"table": [f"{number} {LONG}" for number in range(2_000)]}}
        for number in range(COUNT):
            scheduler.enqueue_request(Request(f"http://shop/{number}", **table))
        shared = sum(map(sys.getsizeof, table[bag]["table"]))
        del table
    price = told(crawler)
    beside.clear()
    once = price.retained_bytes_total - COUNT * price.retained_bytes_each
    assert price.retained_bytes_total == pytest.approx(*grown, rel=0.15)
    assert once == pytest.approx(shared, rel=0.15)


def test_what_a_table_has_for_a_request_while_it_lives_is_in_its_price() -> None:
    crawler, scheduler = crawler_with_scheduler()
    crawler.spider.titles = weakref.WeakKeyDictionary()
    requests = [Request(f"http://shop/{number}") for number in range(COUNT)]
    for request in requests:
        scheduler.enqueue_request(request)
    without = told(crawler).retained_bytes_each
    for request in requests:
        crawler.spider.titles[request] = f"{request.url} {LONG * 3}"
    requests.clear()
    del request
    assert told(crawler).retained_bytes_each == pytest.approx(
        without + len(LONG) * 3 + 280, rel=0.1
    )


LINES = "".join(f"<p>The quick brown fox № {n} jumps</p>" for n in range(1_200))
ROWS = json.dumps([{"id": n, "title": f"fox {n}"} for n in range(1_000)]).encode()
PAGE = f"<html><body>{LINES}</body></html>".encode()


class Texts(Item):
    fields = {"texts": {}}


def page(number: int) -> HtmlResponse:
    url = f"http://shop/{number}"
    body = PAGE + b"%d" % number
    return HtmlResponse(url, body=body, encoding="utf-8", request=Request(url))


def read(number: int) -> HtmlResponse:
    found = page(number)
    assert found.text
    return found


def parsed_document(number: int) -> JsonResponse:
    found = JsonResponse(f"http://shop/{number}", body=ROWS + b" " * number)
    assert found.json()
    return found


def item(number: int) -> Item:
    found = Texts()
    found["texts"] = [f"the text of {number}, {n}: {LONG}" for n in range(20)]
    return found


@pytest.mark.parametrize(
    ("cls", "make"),
    [
        (HtmlResponse, page),
        (HtmlResponse, read),
        (JsonResponse, parsed_document),
        (Texts, item),
    ],
)
def test_a_page_that_is_kept_costs_what_it_brings(cls, make) -> None:
    crawler, _ = crawler_with_scheduler()
    count = 100
    with growth() as grown:
        crawler.spider.kept = [make(number) for number in range(count)]
    price = explain(cls, crawler).price
    crawler.spider.kept.clear()  # the crawler itself may stay for the next test
    assert price.retained_bytes_total == pytest.approx(*grown, rel=0.15)
    assert price.retained_bytes_each == pytest.approx(grown[0] / count, rel=0.15)
