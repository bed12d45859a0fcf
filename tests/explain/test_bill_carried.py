"""What waiting requests carry is told of the queue, where it is most of them."""

from __future__ import annotations

import gc
import io
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from billing_helpers import MB, billed, crawler_of, place
from scrapy import Request, Spider
from scrapy.http import HtmlResponse
from scrapy.squeues import FifoMemoryQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler


class ShopSpider(Spider):
    name = "shop"


@pytest.fixture
def crawler() -> Iterator[Crawler]:
    yield crawler_of(ShopSpider)
    gc.collect()  # leaves nothing to the next test


def waiting_requests(spider, count, carried):
    """Return a queue in which requests wait that carry something."""
    queue = FifoMemoryQueue()
    for number in range(count):
        meta = {"depth": number, "trail": carried(number)}
        queue.push(Request(f"https://a/{number}", meta=meta))
    return SimpleNamespace(slot=SimpleNamespace(scheduler=Scheduling(queue)))


class Scheduling:
    def __init__(self, queue) -> None:
        self.mqs = queue


def test_what_waiting_requests_carry_is_told_where_it_is_most_of_them(crawler):
    carried = lambda number: [f"{number:>20000}"]  # noqa: E731
    crawler.engine = waiting_requests(crawler.spider, 300, carried)
    bill = billed(crawler, before={("scheduler memory queue", ""): 0})
    owner, found = place(bill, "scheduler memory queue[*].meta['trail']")
    assert owner.kind == "scheduler"
    assert found.bytes == pytest.approx(6 * MB, rel=0.1)
    assert (found.type, found.tracked) == ("str", False)
    assert found.count == pytest.approx(300, rel=0.1)
    assert found.code == 'meta = {"depth": number, "trail": carried(number)}'
    assert "pass only what its callback needs" in found.fix


def test_a_file_in_memory_that_requests_carry_is_told_and_not_its_buffer(crawler):
    carried = lambda _: io.BytesIO(bytes(20_000))  # noqa: E731
    crawler.engine = waiting_requests(crawler.spider, 300, carried)
    bill = billed(crawler, before={("scheduler memory queue", ""): 0})
    _, found = place(bill, "scheduler memory queue[*].meta['trail']")
    assert found.type == "BytesIO"
    assert found.count == pytest.approx(300, rel=0.1)


def test_pages_that_waiting_requests_carry_are_told_as_scrapys_own(crawler):
    carried = lambda number: HtmlResponse("https://a", body=bytes(20_000))  # noqa: E731
    crawler.engine = waiting_requests(crawler.spider, 300, carried)
    _, found = place(billed(crawler), "scheduler memory queue[*].meta['trail']")
    assert (found.type, found.tracked) == ("HtmlResponse", True)
    assert found.count == pytest.approx(300, rel=0.1)


def test_plain_requests_that_wait_are_told_as_requests(crawler):
    crawler.engine = waiting_requests(crawler.spider, 3000, lambda number: number)
    bill = billed(crawler)
    paths = [
        (path.path, path.type, path.tracked)
        for owner in bill.owners
        if owner.kind == "scheduler"
        for path in owner.paths
    ]
    assert paths == [("scheduler memory queue", "Request", True)]
