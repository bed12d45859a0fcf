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


@pytest.mark.parametrize(
    ("own", "others", "foreign"), [(0, 40, True), (20, 20, False), (40, 0, False)]
)
def test_what_another_crawl_made_is_foreign_whoever_holds_it(
    own, others, foreign
) -> None:
    (crawler, _), (other, _) = crawler_with_scheduler(), crawler_with_scheduler()
    keep(crawler, own)
    keep(other, others)
    found = explain(Page, crawler)
    assert found.holder.endswith("KEPT[*]")
    assert ("foreign" in found.traits) is foreign


def test_what_an_ended_crawl_left_is_not_foreign() -> None:
    (crawler, _), (ended, _) = crawler_with_scheduler(), crawler_with_scheduler()
    keep(ended, 40)
    ended.engine._slot = None
    assert "foreign" not in explain(Page, crawler).traits
