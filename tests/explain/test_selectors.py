"""Selectors that stay though their pages are dead."""

from __future__ import annotations

from asking_helpers import crawler_with_scheduler, explain
from scrapy.http import HtmlResponse
from scrapy.selector import Selector

COUNT = 40


def test_the_selectors_of_dead_pages_are_not_among_those_asked_about() -> None:
    crawler, _ = crawler_with_scheduler()
    crawler.spider.rows = rows = []
    for number in range(COUNT):
        page = HtmlResponse(f"http://a/{number}", body=b"<li>1", encoding="utf-8")
        rows.append(page.css("li")[0])  # the page and its own selector are a cycle
    found = explain(Selector, crawler, unaccounted=COUNT)
    assert found.holder == "spider.rows[*]"
    # Other tests may have left a few; those of the pages would be as many again.
    assert COUNT <= found.counts.held <= found.counts.examined < 2 * COUNT
    assert found.counts.garbage == 0
