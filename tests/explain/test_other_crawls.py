"""What the other crawls of a process made is not held against this one."""

from __future__ import annotations

import pytest
from asking_helpers import crawler_with_scheduler, explain
from scrapy import Request


class Page(Request):
    """A class of its own: others live in this process."""


KEPT: list[Page] = []
"""Where whoever made them is not seen from who holds them."""


@pytest.fixture(autouse=True)
def _kept_anew():
    yield
    KEPT.clear()


def keep(crawler, number: int) -> None:
    callback = crawler.spider.parse_product
    KEPT.extend(Page(f"http://a/{n}", callback) for n in range(number))


@pytest.mark.parametrize(("own", "others"), [(20, 20), (20, 200), (40, 0)])
def test_only_what_a_crawl_has_made_is_asked_about(own, others) -> None:
    (crawler, _), (other, _) = crawler_with_scheduler(), crawler_with_scheduler()
    keep(crawler, own)
    keep(other, others)
    found = explain(Page, crawler)
    assert found.holder.endswith("KEPT[*]")
    assert (found.counts.examined, found.counts.held) == (own, own)
    assert "foreign" not in found.traits


def test_nothing_is_left_to_ask_about_where_another_crawl_has_made_all() -> None:
    (crawler, _), (other, _) = crawler_with_scheduler(), crawler_with_scheduler()
    keep(other, 40)
    assert explain(Page, crawler).gone


def test_what_an_ended_crawl_left_is_not_foreign() -> None:
    (crawler, _), (ended, _) = crawler_with_scheduler(), crawler_with_scheduler()
    keep(ended, 40)
    ended.engine._slot = None
    assert "foreign" not in explain(Page, crawler).traits
