"""Which of several crawls in a process objects came from."""

from __future__ import annotations

import gc

import pytest
from scrapy import Request, Spider

from scrapy_leakwatch.internals.versions import trackref_now
from scrapy_leakwatch.observe.live_refs import MOST_LOOKED_THROUGH
from scrapy_leakwatch.observe.origin import share_of


class Page(Request):
    """A class of its own: others live in this process."""


class Shop(Spider):
    name = "shop"


def pages(spider: Shop, number: int) -> list[Page]:
    return [Page("http://site.test/", spider.parse) for _ in range(number)]


@pytest.fixture(autouse=True)
def _no_pages_of_another_test():
    gc.collect()


def test_the_share_is_that_of_the_spider_whose_callbacks_they_have() -> None:
    opened, one, two = trackref_now(), Shop(), Shop()
    kept = pages(one, 30) + pages(two, 10)
    assert share_of(one, Page, opened) == 0.75
    assert share_of(two, Page, opened) == 0.25
    assert len(kept) == 40


def test_a_crawl_that_has_its_first_pages_late_is_not_left_out() -> None:
    opened, first, second = trackref_now(), Shop(), Shop()
    kept = pages(first, 50)
    for _ in range(200):
        kept += pages(first, 1) + pages(second, 1)
    assert share_of(second, Page, opened) == pytest.approx(0.4, abs=0.1)


def test_what_a_crawl_works_on_is_not_taken_for_what_it_keeps() -> None:
    opened, leaking, healthy = trackref_now(), Shop(), Shop()
    kept = pages(leaking, 100)
    at_work = pages(healthy, 40)
    assert share_of(healthy, Page, opened) == 0.0
    assert len(kept + at_work) == 140


def test_of_many_crawls_that_keep_alike_each_has_its_part() -> None:
    opened, shops = trackref_now(), [Shop() for _ in range(30)]
    kept = [page for _ in range(20) for shop in shops for page in pages(shop, 1)]
    shares = [share_of(shop, Page, opened, crawls=30) for shop in shops]
    assert shares == pytest.approx([1 / 30] * 30, rel=0.5)
    assert len(kept) == 600


def test_of_many_crawls_one_that_only_works_has_no_part() -> None:
    opened, shops, healthy = trackref_now(), [Shop() for _ in range(29)], Shop()
    kept = pages(healthy, 3)  # as old as any
    kept += [page for _ in range(20) for shop in shops for page in pages(shop, 1)]
    at_work = pages(healthy, 16)
    assert share_of(healthy, Page, opened, crawls=30) == 0.0
    assert len(kept + at_work) == 3 + 29 * 20 + 16


@pytest.mark.parametrize("left", [60, MOST_LOOKED_THROUGH + 60])
def test_what_an_ended_crawl_left_says_nothing_of_the_next(left) -> None:
    ended, later = Shop(), Shop()
    kept = pages(ended, left)
    opened = trackref_now()
    assert share_of(later, Page, opened) is None
    kept += pages(later, 100)
    assert share_of(later, Page, opened) == 1.0
